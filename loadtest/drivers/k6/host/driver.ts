import { writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sum } from "d3-array";
import { isScenarioFile } from "../../own-scenario.ts";
import { dialsToEnvironment } from "../../../traffic/dials.ts";
import { openOperations } from "../../operation-file.ts";
import { storyOf } from "../../part.ts";
import { temporaryFolder } from "../../../system/temporary-folder.ts";
import { findScenario } from "../../../traffic/stories/registry.ts";
import type { Driver, DriveOrder, Progress } from "../../contract.ts";
import type { Measurement } from "../../../measurement/measurement.ts";
import { addUp } from "../../../measurement/merge-measurements.ts";
import { DriveError } from "../../drive-error.ts";
import { askPrometheus } from "../../prometheus/receiver.ts";
import { timeToConnect, vusOf } from "../script/settings.ts";
import type { Line } from "../script/tally.ts";
import { findK6 } from "./binary.ts";
import { startCutServer } from "./cut-server.ts";
import { createMerge, type K6Counters, type Merge } from "./merge.ts";
import { startK6, type K6End, type K6Process } from "./process.ts";
import { plural } from "../../../stats/format.ts";
import { remoteWrite } from "./remote-write.ts";

const TICK_MS = 1_000;
/** VUs share the lanes; more than cores do no good. */
const VUS = 4;
/** Several k6 start by themselves, each in its time, before they connect their users. */
const LAUNCH_MS = 2_000;

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
  const program = await findK6();
  if (program === null) throw new DriveError("K6_FAILED", "k6 v2 is not installed; `hotshard k6 install` brings it.");
  if (order.prometheus !== undefined) await askPrometheus(order.prometheus);
  const story = storyOf(order);
  const lanes = story.lanes().length;
  const count = Math.min(order.generators ?? 1, lanes);
  const vus = vusOf(VUS, lanes, count);
  const merge = createMerge(order.shards, count * vus);
  const startAt = count === 1 ? null : Date.now() + LAUNCH_MS + timeToConnect(story.online);
  const temporary = await temporaryFolder("k6");
  const folder = temporary.path;
  const script = await scriptOf(order.scenario, folder);
  const files = Array.from({ length: count }, (_, index) => openOperations(order, index));
  const cuts = order.cut === undefined ? null : await startCutServer(order.cut);
  const processes = Array.from({ length: count }, (_, index) => {
    const summary = join(folder, `summary-${index}.json`);
    const env = environment(order, { index, count, vus, startAt, summary, cutUrl: cuts?.url ?? "" });
    const onLine = (line: Line): void => {
      merge.add(line);
      for (const operation of line.tally.operations ?? []) files[index]?.add(operation);
    };
    return startK6({ program, script, args: outputs(order, index), env, summary, onLine });
  });
  const kill = () => processes.forEach((one) => one.kill());
  const interrupt = () => processes.forEach((one) => one.interrupt());
  order.signal?.addEventListener("abort", interrupt, { once: true });
  if (order.signal?.aborted === true) interrupt();
  const cpu = watchCpu(processes);
  const ticks = startTicks(order, merge, cpu.sample);
  try {
    const ends = await Promise.all(processes.map((one) => one.ended));
    const interrupted = order.signal?.aborted === true;
    if (!interrupted) refuseFailure(ends, order.url);
    return measurementOf(merge, ends, interrupted, cpu.share());
  } finally {
    ticks();
    kill();
    cuts?.close();
    order.signal?.removeEventListener("abort", interrupt);
    await Promise.all(files.map(async (file) => file?.close()));
    await temporary.remove();
  }
}

/** The script: one of the registry's, or one made for the user's own story. */
async function scriptOf(scenario: string, folder: string): Promise<string> {
  if (!isScenarioFile(scenario)) return ours(`../../../scenarios/${scenario}`);
  const script = join(folder, "own-story.js");
  const [story, engine] = [resolve(scenario), ours("../script/engine")].map((path) => pathToFileURL(path).href);
  await writeFile(
    script,
    `import story from "${story}";
import { createEngine } from "${engine}";
const engine = createEngine(story);
export const { options, setup, handleSummary } = engine;
export default engine.drive;
`,
  );
  return script;
}

/** A file of ours: TypeScript as this one in a clone, compiled in the package. @param path without its ending */
function ours(path: string): string {
  return fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url));
}

/** One k6 among those of a run. */
interface Part {
  readonly index: number;
  readonly count: number;
  readonly vus: number;
  /** When all start, epoch milliseconds; null: when it likes. */
  readonly startAt: number | null;
  readonly summary: string;
  /** Where its VUs ask whether the schedule ends early; empty: nowhere. */
  readonly cutUrl: string;
}

/** In the environment and not as `-e`: a command line, with the secret in it, can be read by everybody. */
function environment(order: DriveOrder, { index, count, vus, startAt, summary, cutUrl }: Part): Record<string, string> {
  const scenario = findScenario(order.scenario);
  return {
    ...(scenario && dialsToEnvironment(scenario, order.dials)),
    URL: order.url,
    RUN_ID: order.runId,
    VUS: String(vus),
    GENERATOR: String(index),
    GENERATORS: String(count),
    START_AT: startAt === null ? "" : String(startAt),
    SHARD_LABELS: order.shards.join(","),
    HOTSHARD_SECRET: order.secret,
    // Whoever gave the order has decided on the secret.
    HOTSHARD_DEV: "1",
    HOTSHARD_LINES: "1",
    HOTSHARD_SUMMARY: summary,
    HOTSHARD_CUT: cutUrl,
    ...(order.operations && { HOTSHARD_OPERATIONS: String(order.operations.share) }),
    K6_NO_USAGE_REPORT: "true",
    K6_AUTO_EXTENSION_RESOLUTION: "false",
    ...(order.prometheus !== undefined && { HOTSHARD_TRENDS: "1", ...remoteWrite(order.prometheus) }),
  };
}

/** Series of several k6, and of several runs, are told apart by their instance. */
function outputs({ prometheus, runId }: DriveOrder, index: number): string[] {
  if (prometheus === undefined) return [];
  return ["-o", "experimental-prometheus-rw", "--tag", `instance_id=${runId}-${index}`, "--tag", `testid=${runId}`];
}

/** @throws {DriveError} when there is nothing to judge */
function refuseFailure(ends: readonly K6End[], url: string): void {
  const good = ends.filter(({ isGood }) => isGood);
  if (good.length === 0) {
    const [{ code, words } = { code: null, words: "" }] = ends;
    throw new DriveError("K6_FAILED", `k6 ended with exit code ${code}: ${words}`);
  }
  const { sent = 0, connectionFailures = 0 } = addUp(good.map(({ counters }) => counters ?? {}));
  if (sent > 0 || connectionFailures === 0) return;
  const words = good.map((end) => end.words).join(" ");
  if (words.includes("UNAUTHENTICATED")) {
    const remedy = "give server and generator the same HOTSHARD_SECRET";
    throw new DriveError("TOKEN_REFUSED", `${url} refused the tokens (${words}); ${remedy}.`);
  }
  const remedy = "start the server, or correct the address or the limit of open files";
  throw new DriveError("UNREACHABLE", `cannot connect to ${url} (${words}); ${remedy}.`);
}

function measurementOf(merge: Merge, ends: readonly K6End[], interrupted: boolean, cpu: number): Measurement {
  const counters = ends.flatMap((end) => end.counters ?? []);
  const lost = ends.flatMap(({ isGood, code }, index) =>
    isGood || interrupted ? [] : [`k6 ${index + 1} of ${ends.length} ended by itself (exit code ${code})`],
  );
  const unwritten = ends.flatMap(({ unwritten: count }, index) =>
    count === 0 ? [] : [`Prometheus did not take ${plural(count, "write")} of k6 ${index + 1} of ${ends.length}.`],
  );
  // What a k6 without a summary counted is in its lines alone.
  const isWhole = counters.length === ends.length;
  const { generator, ...measurement } = merge.finish(isWhole ? (addUp(counters) as K6Counters) : null, cpu);
  const { refused, sent, shards, unknown } = measurement;
  const acked = sum(Object.values(shards), (shard) => shard.acked);
  return {
    ...measurement,
    interrupted,
    // A VU that was stopped names no messages: of what had no answer then only the number is known.
    unknown: interrupted || lost.length > 0 ? sent - acked - refused : unknown,
    generator: {
      ...generator,
      ...(ends.length > 1 && { processes: ends.length, lost }),
      ...(unwritten.length > 0 && { unwritten }),
    },
  };
}

/** Busy cores of all processes between the first and the last sample. */
function watchCpu(processes: readonly K6Process[]): { readonly sample: () => Promise<void>; share(): number } {
  type Sample = { readonly at: number; readonly cpu: number };
  let first = null as Sample | null;
  let last = null as Sample | null;
  return {
    async sample() {
      const each = await Promise.all(processes.map((one) => one.cpu()));
      if (each.includes(null)) return;
      last = { at: performance.now(), cpu: sum(each) };
      first ??= last;
    },
    share() {
      if (first === null || last === null || last.at === first.at) return 0;
      return (last.cpu - first.cpu) / ((last.at - first.at) / 1000);
    },
  };
}

/** Once a second: progress and CPU. @returns stops it */
function startTicks({ dials, onProgress, watch }: DriveOrder, merge: Merge, sample: () => Promise<void>): () => void {
  const totalS = dials.warmupS + dials.durationS;
  let lastAcked = 0;
  let lastTick = performance.now();
  let lookAt = 0;
  const timer = setInterval(() => {
    const acked = merge.ackedByShard();
    const total = sum(Object.values(acked));
    const seconds = (performance.now() - lastTick) / 1000;
    const rate = (total - lastAcked) / seconds;
    lastAcked = total;
    lastTick = performance.now();
    const elapsedS = merge.startAt === null ? -1 : (Date.now() - merge.startAt) / 1000;
    const phase = phaseOf(elapsedS, dials.warmupS, totalS);
    // The drain does not tell how busy the generator was.
    if (phase === "measure") void sample();
    onProgress?.({ phase, elapsedS, totalS, acked, sent: merge.sent, rate, ...merge.p99SoFar() });
    if (watch === undefined || phase !== "measure" || elapsedS < lookAt) return;
    lookAt = elapsedS + watch.everyS - TICK_MS / 2_000;
    const { measurement, elapsedS: measuredS } = merge.soFar();
    watch.onMeasured(measurement, measuredS);
  }, TICK_MS);
  return () => clearInterval(timer);
}

function phaseOf(elapsedS: number, warmupS: number, totalS: number): Progress["phase"] {
  if (elapsedS < 0) return "connect";
  if (elapsedS < warmupS) return "warmup";
  return elapsedS < totalS ? "measure" : "drain";
}
