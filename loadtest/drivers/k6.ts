import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { dialsToEnvironment } from "../traffic/dials.ts";
import { findScenario } from "../traffic/stories/registry.ts";
import type { Driver, DriveOrder, Measurement, Progress } from "./contract.ts";
import { DriveError } from "./drive-error.ts";
import { LINE_MARK, type Line } from "./k6/tally.ts";
import { findK6 } from "./k6-binary.ts";
import { createMerge, type K6Counters, type Merge } from "./k6-merge.ts";
import { cpuSeconds } from "./process-cpu.ts";

/** VUs share the lanes; more than cores do no good. */
const VUS = 4;
/** k6's exit codes: all well, a threshold crossed (the verdict is not k6's here), stopped by a signal. */
const EXIT = { good: 0, threshold: 99, signal: 105 } as const;

/** k6 as the generator: it runs the scenario file, and this adds up what its VUs print each second. */
export function createK6Driver(): Driver {
  return {
    name: "k6",
    unavailable: async () =>
      (await findK6()) === null ? "k6 v2 is not installed; `hotshard k6 install` brings it." : null,
    drive,
  };
}

async function drive(order: DriveOrder): Promise<Measurement> {
  const k6 = await findK6();
  if (k6 === null) throw new DriveError("K6_FAILED", "k6 v2 is not installed; `hotshard k6 install` brings it.");
  const folder = await mkdtemp(join(tmpdir(), "hotshard-k6-"));
  const summary = join(folder, "summary.json");
  const vus = Math.min(VUS, storyLanes(order));
  const merge = createMerge(order.shards, vus);
  const child = spawn(k6, ["run", "--quiet", "--log-output=stdout", "--log-format=raw", scriptOf(order.scenario)], {
    // Go collects garbage so often that it costs a third of the script: memory is cheaper here.
    env: { GOGC: "400", ...process.env, ...environment(order, vus, summary) },
    stdio: ["ignore", "pipe", "pipe"],
    // A second interrupt makes k6 drop its summary: Ctrl-C in a terminal must reach it once, through the signal below.
    detached: true,
  });
  const kill = () => void child.kill("SIGKILL");
  const interrupt = () => void child.kill("SIGINT");
  process.once("exit", kill);
  order.signal?.addEventListener("abort", interrupt, { once: true });
  if (order.signal?.aborted === true) interrupt();
  const cpu = watchCpu(child.pid);
  const ticks = startTicks(order, merge, cpu.sample);
  try {
    const words = lastWords(child);
    const closed = once(child, "close") as Promise<[number | null]>;
    for await (const line of createInterface(child.stdout)) {
      if (line.startsWith(LINE_MARK)) merge.add(JSON.parse(line) as Line);
      else words.add(line);
    }
    const [code] = await closed;
    const interrupted = order.signal?.aborted === true;
    const counters = await readCounters(summary);
    refuseFailure(code, counters, words.text(), interrupted, order.url);
    return measurementOf(merge, counters, interrupted, cpu.share());
  } finally {
    ticks();
    process.off("exit", kill);
    order.signal?.removeEventListener("abort", interrupt);
    await rm(folder, { recursive: true, force: true });
  }
}

function storyLanes({ scenario, dials }: DriveOrder): number {
  const found = findScenario(scenario);
  if (found === undefined) throw new RangeError(`there is no scenario ${scenario}`);
  return found.make(dials).lanes().length;
}

/** The script: TypeScript in a clone, compiled in the package. */
function scriptOf(scenario: string): string {
  const source = fileURLToPath(new URL(`../scenarios/${scenario}.ts`, import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/u, ".js");
}

/** In the environment and not as `-e`: a command line, with the secret in it, can be read by everybody. */
function environment(order: DriveOrder, vus: number, summary: string): Record<string, string> {
  const scenario = findScenario(order.scenario);
  return {
    ...(scenario && dialsToEnvironment(scenario, order.dials)),
    URL: order.url,
    RUN_ID: order.runId,
    VUS: String(vus),
    SHARD_LABELS: order.shards.join(","),
    HOTSHARD_SECRET: order.secret,
    // Whoever gave the order has decided on the secret.
    HOTSHARD_DEV: "1",
    HOTSHARD_LINES: "1",
    HOTSHARD_SUMMARY: summary,
    K6_NO_USAGE_REPORT: "true",
    K6_AUTO_EXTENSION_RESOLUTION: "false",
  };
}

/** Keeps the end of what k6 itself says. */
function lastWords(child: ChildProcess): { add(line: string): void; text(): string } {
  let tail = "";
  const add = (text: string) => void (tail = `${tail}${text}\n`.slice(-2_000));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => add(text.trimEnd()));
  return { add, text: () => tail.trim() };
}

async function readCounters(file: string): Promise<K6Counters | null> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as { counters: K6Counters }).counters;
  } catch {
    return null;
  }
}

/** @throws {DriveError} when there is nothing to judge */
function refuseFailure(
  code: number | null,
  counters: K6Counters | null,
  words: string,
  interrupted: boolean,
  url: string,
): void {
  if (interrupted) return;
  const codes: readonly (number | null)[] = Object.values(EXIT);
  if (counters === null || !codes.includes(code)) {
    throw new DriveError("K6_FAILED", `k6 ended with exit code ${code}: ${words}`);
  }
  if (counters.sent > 0 || counters.connectionFailures === 0) return;
  if (words.includes("UNAUTHENTICATED")) {
    const remedy = "give server and generator the same HOTSHARD_SECRET";
    throw new DriveError("TOKEN_REFUSED", `${url} refused the tokens (${words}); ${remedy}.`);
  }
  const remedy = "start the server, or mend the address or the limit of open files";
  throw new DriveError("UNREACHABLE", `cannot connect to ${url} (${words}); ${remedy}.`);
}

function measurementOf(merge: Merge, counters: K6Counters | null, interrupted: boolean, cpu: number): Measurement {
  const { sendLag, handlerLag, dropped, ...merged } = merge.finish(counters);
  const acked = Object.values(merged.shards).reduce((sum, shard) => sum + shard.acked, 0);
  return {
    driver: "k6",
    startedAt: new Date(merge.startAt ?? Date.now()).toISOString(),
    interrupted,
    ...merged,
    // An interrupted VU cannot settle its books: what had no answer then is unknown, and nobody can name it.
    unknown: interrupted ? merged.sent - acked - merged.refused : merged.unknown,
    generator: { sendLag: sendLag.toData(), handlerLag: handlerLag.toData(), cpu, dropped },
  };
}

/** Busy cores of the process between the first and the last sample. */
function watchCpu(pid: number | undefined): { readonly sample: () => Promise<void>; share(): number } {
  type Sample = { readonly at: number; readonly cpu: number };
  let first = null as Sample | null;
  let last = null as Sample | null;
  return {
    async sample() {
      const cpu = pid === undefined ? null : await cpuSeconds(pid);
      if (cpu === null) return;
      last = { at: performance.now(), cpu };
      first ??= last;
    },
    share() {
      if (first === null || last === null || last.at === first.at) return 0;
      return (last.cpu - first.cpu) / ((last.at - first.at) / 1000);
    },
  };
}

/** Once a second: progress and CPU. @returns stops it */
function startTicks({ dials, onProgress }: DriveOrder, merge: Merge, sample: () => Promise<void>): () => void {
  const totalS = dials.warmupS + dials.durationS;
  let lastAcked = 0;
  let lastTick = performance.now();
  const timer = setInterval(() => {
    const acked = merge.ackedByShard();
    const total = Object.values(acked).reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - lastTick) / 1000;
    const rate = (total - lastAcked) / seconds;
    lastAcked = total;
    lastTick = performance.now();
    const elapsedS = merge.startAt === null ? -1 : (Date.now() - merge.startAt) / 1000;
    const phase = phaseOf(elapsedS, dials.warmupS, totalS);
    // The drain does not tell how busy the generator was.
    if (phase === "measure") void sample();
    onProgress?.({ phase, elapsedS, totalS, acked, sent: merge.sent, rate });
  }, 1_000);
  return () => clearInterval(timer);
}

function phaseOf(elapsedS: number, warmupS: number, totalS: number): Progress["phase"] {
  if (elapsedS < 0) return "connect";
  if (elapsedS < warmupS) return "warmup";
  return elapsedS < totalS ? "measure" : "drain";
}
