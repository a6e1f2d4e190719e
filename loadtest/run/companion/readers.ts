import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { compileTopology } from "../../../server/placement/router.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { httpBase } from "../../drivers/chat-address.ts";
import type { CompanionOutcome, CompanionOrder, Companion } from "./companion.ts";
import { startChild } from "../../system/child.ts";
import { createToken, DAY_S } from "../../drivers/token.ts";
import { plural } from "../../stats/format.ts";
import { mergeLanes } from "../../traffic/deal.ts";
import { quantileOf } from "../../measurement/histogram.ts";
import { findScenario } from "../../traffic/stories/registry.ts";
import type { ReadOrder, ReadReport } from "./reader-process.ts";

/** Dialogs to read, drawn as the writers draw theirs: the popular ones come often. */
const DRAWN = 2_000;

/** TypeScript in a clone, compiled in the package. */
const PROGRAM = fileURLToPath(new URL(`./reader-process${extname(import.meta.url)}`, import.meta.url));

const died = { adds: {}, readersLost: "their process died, memory may be the cause" };

/** Readers in a process of their own, during the measured phase: a progress, about a second, late at either end. */
export function createReaders(order: CompanionOrder): Companion {
  const asked = Number(order.dials["readRate"]);
  const { process: child } = startChild(process.execPath, [PROGRAM], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    ask: "SIGKILL",
  });
  const kill = () => void child.kill("SIGKILL");
  // One that has died is found out at the end; without a callback it would end this process too.
  const tell = (message: ReadOrder | "stop") => void child.send(message, () => {});
  let started = false;
  let outcome: Promise<CompanionOutcome> | null = null;

  async function stop(): Promise<CompanionOutcome> {
    try {
      if (!child.connected || child.exitCode !== null || child.signalCode !== null) return died;
      if (!started) return { adds: {}, readersLost: "the run ended before they began" };
      const said = once(child, "message") as Promise<[ReadReport]>;
      const gone = once(child, "exit").then(() => null);
      tell("stop");
      const answer = await Promise.race([said, gone]).catch(() => null);
      return answer === null ? died : outcomeOf(answer[0], asked);
    } finally {
      kill();
    }
  }

  return {
    progress({ phase }) {
      // Writers have done by then, and the waiting for late answers would thin out the pages per second.
      if (started && phase === "drain") outcome ??= stop();
      if (started || phase !== "measure") return;
      started = true;
      tell(readOrder(order));
    },
    end: async () => (outcome ??= stop()),
  };
}

function outcomeOf(report: ReadReport, asked: number): CompanionOutcome {
  const reads = readsOf(report, asked);
  if (reads.pages > 0) return { adds: { reads } };
  return { adds: { reads }, readersLost: `not one page came, and ${plural(reads.failed, "request")} failed` };
}

function readOrder({ scenario, dials, url, secret, topology }: CompanionOrder): ReadOrder {
  const router = compileTopology(topology);
  const next = mergeLanes(findScenario(scenario)!.make(dials).lanes());
  const dialogs: [string, number][] = [];
  for (let send = next(); send !== null && dialogs.length < DRAWN; send = next()) {
    const dialog = dialogId(send.user, send.target);
    dialogs.push([dialog, router.shardsOf(dialog).length]);
  }
  return {
    base: httpBase(url),
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
    serviceMs: { p50: quantileOf(data, 0.5), p95: quantileOf(data, 0.95), p99: quantileOf(data, 0.99), max: data.max },
  }));
  const pages = byFanout.reduce((sum, row) => sum + row.pages, 0);
  return { asked, rate: pages / Math.max(1, Math.ceil(report.seconds)), pages, failed: report.failed, byFanout };
}
