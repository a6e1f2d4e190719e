import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileTopology } from "../../server/placement/router.ts";
import { dialogId } from "../../server/placement/dialog.ts";
import type { CompanyOrder, Companion } from "../companion.ts";
import { createToken, DAY_S } from "../drivers/token.ts";
import { mergeLanes } from "../traffic/deal.ts";
import { quantileOf } from "../traffic/histogram.ts";
import { findScenario } from "../traffic/stories/registry.ts";
import type { ReadOrder, ReadReport } from "./reader-process.ts";

/** Dialogs to read, drawn as the writers draw theirs: the popular ones come often. */
const DRAWN = 2_000;

const died = { adds: {}, readersLost: "their process died, memory may be the cause" };

/** Readers in a process of their own, from the first second of the measured phase to its end. */
export function createReaders(order: CompanyOrder): Companion {
  const { dials } = order;
  const child = fork(program(), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  // One that has died is found out at the end; without a callback it would end this process too.
  const tell = (message: ReadOrder | "stop") => void child.send(message, () => {});
  let started = false;
  return {
    progress({ phase }) {
      if (started || phase !== "measure") return;
      started = true;
      tell(readOrder(order));
    },
    async end() {
      try {
        if (!child.connected || child.exitCode !== null || child.signalCode !== null) return died;
        if (!started) return { adds: {}, readersLost: "the run ended before they began" };
        const said = once(child, "message") as Promise<[ReadReport]>;
        const gone = once(child, "exit").then(() => null);
        tell("stop");
        const answer = await Promise.race([said, gone]);
        return answer === null ? died : { adds: { reads: readsOf(answer[0], Number(dials["readRate"])) } };
      } finally {
        kill();
        process.off("exit", kill);
      }
    },
  };
}

/** The reader's program: TypeScript in a clone, compiled in the package. */
function program(): string {
  const source = fileURLToPath(new URL("./reader-process.ts", import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/u, ".js");
}

function readOrder({ scenario, dials, url, secret, topology }: CompanyOrder): ReadOrder {
  const router = compileTopology(topology);
  const next = mergeLanes(findScenario(scenario)!.make(dials).lanes());
  const dialogs: [string, number][] = [];
  for (let send = next(); send !== null && dialogs.length < DRAWN; send = next()) {
    const dialog = dialogId(send.author, send.to);
    dialogs.push([dialog, router.shardsOf(dialog).length]);
  }
  return {
    base: url.replace(/^ws/u, "http").replace(/^(https?:\/\/[^/?#]+).*$/u, "$1"),
    token: createToken(secret, 1, "admin", dials.warmupS + dials.durationS + DAY_S),
    dialogs,
    readers: Number(dials["readers"]),
    rate: Number(dials["readRate"]),
    pages: Number(dials["pages"]),
    pageSize: Number(dials["pageSize"]),
  };
}

function readsOf(report: ReadReport, asked: number) {
  const byFanout = report.byFanout.map(([shards, data]) => ({
    shards,
    pages: data.count,
    serviceMs: { p50: quantileOf(data, 0.5), p99: quantileOf(data, 0.99), max: data.max },
  }));
  const pages = byFanout.reduce((sum, row) => sum + row.pages, 0);
  return { asked, rate: pages / Math.max(0.001, report.seconds), pages, failed: report.failed, byFanout };
}
