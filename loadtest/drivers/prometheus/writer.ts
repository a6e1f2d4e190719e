import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { plural } from "../../stats/format.ts";
import type { Account } from "./outbox.ts";
import { receiverOf } from "./receiver.ts";
import type { Snapshot } from "./snapshot.ts";
import type { ToWriter, WriterOrder } from "./writer-thread.ts";

/** Beyond what the thread itself waits at the end, ms: it has died, or the machine has no time for it. */
const PATIENCE_MS = 10_000;

/** Writes a generator's series to a Prometheus while it runs. Nothing that happens there reaches the generator. */
export interface SeriesWriter {
  write(snapshot: Snapshot): void;
  /** Sends what is left. @returns what was lost, in a sentence; null: nothing */
  end(): Promise<string | null>;
}

/**
 * Lays the series out, compresses and sends them in a thread of its own, which is loaded here: the generator's loop
 * hands over copies of its histograms and goes on.
 */
export function createSeriesWriter(order: WriterOrder): SeriesWriter {
  const { url } = receiverOf(order.address);
  const thread = new Worker(new URL(`./writer-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: order,
    execArgv: [],
  });
  // It keeps no process alive; who ends it waits for it.
  thread.unref();
  let written = 0;
  const said = new Promise<Account>((resolve) => {
    const die = (reason: string) => resolve({ put: written, lost: written, reason });
    thread.once("message", resolve);
    thread.once("error", (error: Error) => die(`the thread that writes them failed: ${error.message}`));
    thread.once("exit", () => die("the thread that writes them ended"));
  });
  return {
    write(snapshot) {
      written += 1;
      thread.postMessage(snapshot satisfies ToWriter, buffersOf(snapshot));
    },
    async end() {
      thread.postMessage("end" satisfies ToWriter);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Account>((resolve) => {
        const account = { put: written, lost: written, reason: "the thread that writes them did not answer" };
        timer = setTimeout(() => resolve(account), PATIENCE_MS);
      });
      const account = await Promise.race([said, late]);
      clearTimeout(timer);
      await thread.terminate();
      return lossOf(account, url);
    },
  };
}

/** Copies of counts are handed over, not copied again. */
function buffersOf({ sendLag, shards }: Snapshot): ArrayBuffer[] {
  const copies = shards.flatMap(({ commit, delivery, innocent, service }) => [commit, delivery, innocent, service]);
  return [sendLag, ...copies].map(({ counts }) => counts.buffer);
}

function lossOf({ lost, put, reason = "no reason is known" }: Account, url: string): string | null {
  if (lost === 0) return null;
  const all = plural(put, "write");
  return `Prometheus ${url} did not take ${lost} of ${all} of the generator's series: ${reason}.`;
}
