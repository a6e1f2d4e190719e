import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { createOutbox, type Attempt } from "./outbox.ts";
import { BODY_HEADERS, receiverOf } from "./receiver.ts";
import { seriesOf } from "./series.ts";
import type { Snapshot } from "./snapshot.ts";
import { writeRequest } from "./write-request.ts";

/** What a thread that writes series is to do. */
export interface WriterOrder {
  /** Of a remote write. */
  readonly address: string;
  /** Labels of every series. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Snapshots come once a second, the word `end` last; the answer is an `Account`. */
export type ToWriter = Snapshot | "end";

const TIMEOUT_MS = 5_000;
/** Longest wait for what is left at the end. */
const END_MS = 5_000;
/** A minute of seconds. */
const MOST_KEPT = 60;
const LONGEST_REASON = 200;

const { address, labels } = workerData as WriterOrder;
const { url, headers } = receiverOf(address);
const outbox = createOutbox(send, MOST_KEPT);

parentPort!.on("message", (message: ToWriter) => {
  if (message === "end") void end();
  else outbox.put(writeRequest(seriesOf(message, labels), message.at));
});

async function end(): Promise<void> {
  parentPort!.postMessage(await outbox.end(delay(END_MS, undefined, { ref: false })));
}

/** Again, as remote write 1.0 has it, of what went wrong on the other side and of what comes too often. */
async function send(body: Uint8Array<ArrayBuffer>): Promise<Attempt> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const all = { ...BODY_HEADERS, ...headers };
    const answer = await fetch(url, { method: "POST", headers: all, body, signal });
    const words = (await answer.text()).trim().slice(0, LONGEST_REASON);
    if (answer.ok) return { outcome: "taken" };
    const isPassing = answer.status >= 500 || answer.status === 429;
    return { outcome: isPassing ? "again" : "refused", reason: `${answer.status} ${words}`.trim() };
  } catch (error) {
    // `fetch failed`, and the cause says why.
    const { cause = error } = error as { cause?: unknown };
    return { outcome: "again", reason: cause instanceof Error ? cause.message : String(cause) };
  }
}
