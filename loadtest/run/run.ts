import { randomInt } from "node:crypto";
import { access, constants, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../server/config-error.ts";
import type { Topology } from "../../server/placement/contract.ts";
import type { AuditMessageReply, ShardsReply } from "../../server/protocol/http.ts";
import { takeAim } from "./aim.ts";
import { buildResult } from "../analysis/build-result.ts";
import { failuresOf, offeredOf } from "../analysis/failures/offered.ts";
import type { RunEvidence, StopWhen } from "../analysis/result/run-evidence.ts";
import { unknownMessages, withFailures } from "../analysis/failures/failures.ts";
import { expectedTraffic } from "../analysis/skew/expected-traffic.ts";
import { lostInWords } from "../analysis/failures/outage-reason.ts";
import { judgeThresholds } from "../analysis/thresholds/judge-thresholds.ts";
import { refuseUnknowable } from "../analysis/thresholds/threshold-needs.ts";
import type { Threshold } from "../analysis/thresholds/threshold.ts";
import { companionOf, type Companion, type CompanionOutcome } from "./companion/companion.ts";
import type { Driver, Progress } from "../drivers/contract.ts";
import { mergeHistograms, type HistogramData } from "../measurement/histogram.ts";
import type { Measurement, UnknownMessage } from "../measurement/measurement.ts";
import { createWatch, type Watch } from "./early-stop.ts";
import { watchHistory } from "./history/run-history.ts";
import { machineFacts } from "./machine.ts";
import { removeOperationFiles } from "../drivers/operation-file.ts";
import { makeFolder } from "../system/make-folder.ts";
import { startOwnServer, type OwnServer } from "./own-server.ts";
import type { Result } from "../analysis/result/result.ts";
import { writeRun } from "../report/write.ts";
import { latencyIntervals } from "../analysis/slices/latency-intervals.ts";
import { SERVER_METRICS, startMetricsSampler } from "./server-metrics/sampler.ts";
import { SERVER_LOG } from "./server-log.ts";
import { createShardsClient } from "./shards-client.ts";
import { createServerClient, type ServerClient } from "./server-client.ts";
import { prepareRehearsal, rehearsalOn, type Rehearsal } from "./shards/rehearsal.ts";
import { packageVersion } from "../system/version.ts";
import { temporaryFolder } from "../system/temporary-folder.ts";
import type { Dials } from "../traffic/contract.ts";
import { nameDialogs } from "./trace/name-dialogs.ts";
import { prepareStory } from "./trace/prepare.ts";
import { findScenario } from "../traffic/stories/registry.ts";

export interface RunOrder {
  readonly scenario: string;
  readonly dials: Dials;
  readonly driver: Driver;
  readonly secret: string;
  /** A running server's chat; null starts an own one with `serverArgs` and stops it afterwards. */
  readonly url: string | null;
  /** Options of `hotshard serve` for an own server. */
  readonly serverArgs: readonly string[];
  /** Folder for the result; made if need be. */
  readonly out: string;
  /** URL of an empty database that a rehearsal adds, or `new`: a file, which `reshard` adds where it is absent. */
  readonly add?: string;
  /** The command line that makes the same run. */
  readonly command: string;
  /** The promise of an advice that the server now follows. */
  readonly forecast?: NonNullable<Result["forecast"]>;
  /** What the run must keep; refused before it is driven when it could not know. */
  readonly thresholds?: readonly Threshold[];
  /** When the run ends before its time, by its thresholds; absent: never. */
  readonly stopWhen?: StopWhen;
  /** Share of the messages that may fail, 0…1; absent: what the story says, else a thousandth. */
  readonly maxErrors?: number;
  /** Told in a line what is wrong with an input, when the run goes on all the same. */
  readonly onWarning?: (line: string) => void;
  /** Share of the dialogs whose operations are kept in the folder, in (0, 1]; absent: none. */
  readonly operations?: number;
  /** An own server listens at this address of its chat. */
  readonly onServer?: (url: string) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

const RUN_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Drives one scenario, audits it against the databases, and writes the run's folder.
 *
 * @throws {ConfigError} before anything is driven: BAD_OUT when the folder cannot be made or written to; TOO_SHORT,
 *   UNKNOWABLE for thresholds that this run cannot judge; OUT_OF_REACH for dials whose effect cannot be had on these
 *   shards; NO_LOSS, NO_SHARD, NO_ADD and what the server refuses of a shard that is to be added; for a trace as `compileTrace`
 */
export async function executeRun(order: RunOrder): Promise<Result> {
  await openFolder(order.out);
  // Of an earlier run in the same folder, whose other files are written over.
  for (const file of [SERVER_LOG, SERVER_METRICS]) await rm(join(order.out, file), { force: true });
  await removeOperationFiles(order.out);
  try {
    return await withStory(order, async (ready) =>
      ready.url === null ? withOwnServer(ready) : driveAndJudge(ready, ready.url, rehearsalOn(ready)),
    );
  } catch (error) {
    // Only an empty folder goes: a run that was refused has left nothing.
    await rmdir(order.out).catch(() => {});
    throw error;
  }
}

/** Stories that need a preparation have it, and what it left goes with the run. */
async function withStory(order: RunOrder, work: (ready: RunOrder) => Promise<Result>): Promise<Result> {
  const { scenario, dials, out, onWarning = () => {}, signal } = order;
  const story = await prepareStory(scenario, dials, out, onWarning, signal);
  try {
    return await work({ ...order, dials: story.dials });
  } finally {
    await story.remove();
  }
}

async function withOwnServer(order: RunOrder): Promise<Result> {
  const data = await temporaryFolder("run");
  let server: OwnServer | null = null;
  let rehearsal: Rehearsal | null = null;
  try {
    // Options given later win, so a user's --data keeps the shards.
    rehearsal = await prepareRehearsal(order, ["--data", data.path, ...order.serverArgs]);
    server = await startOwnServer(rehearsal.serverArgs, join(order.out, SERVER_LOG));
    order.onServer?.(server.url);
    return await driveAndJudge(order, server.url, rehearsal);
  } finally {
    await server?.stop();
    await rehearsal?.plug?.end();
    await data.remove();
  }
}

async function openFolder(out: string): Promise<void> {
  try {
    await makeFolder(out);
    await access(out, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError("BAD_OUT", `--out ${out} is no folder that can be written to (${reason}); name another one`);
  }
}

async function driveAndJudge(asked: RunOrder, url: string, { add, plug }: Rehearsal): Promise<Result> {
  const client = createServerClient(url, asked.secret);
  const before = await client.shards();
  const aim = takeAim(asked.scenario, asked.dials, before.topology);
  const order = { ...asked, dials: aim.dials };
  const { thresholds = [] } = order;
  if (thresholds.length > 0) refuseWhatIsUnknowable(order, thresholds, before.topology);
  // A database that the server would refuse is told before anything is driven.
  if (add !== null)
    await createShardsClient(url, order.secret).change({ change: { do: "add", url: add }, dryRun: true });
  const runId = freshRunId();
  const machine = await machineFacts(order.driver.name === "k6", process.cwd());
  const companion = companionOf({ ...order, url, topology: before.topology, add, plug });
  const watch = createWatch(
    order.stopWhen ?? null,
    thresholds,
    findScenario(order.scenario)?.make(order.dials),
    order.dials,
  );
  const sampler = startMetricsSampler(url, order.out, runId);
  const history = watchHistory({ ...order, client, runId });
  let driven: Measurement | null = null;
  let unkept: string | null = null;
  let outcome: CompanionOutcome = { adds: {} };
  try {
    driven = await drive(order, url, runId, before.topology.shards, [companion, history], watch);
  } finally {
    await history.stop(driven);
    outcome = await companion.end(driven);
    unkept = await sampler.end(driven !== null);
  }
  const measurement = driven;
  for (const line of [...(measurement.generator.unwritten ?? []), ...(unkept === null ? [] : [unkept])])
    order.onWarning?.(line);
  const stop = watch.decision();
  const afterwards = await askAfterwards(client, runId, measurement, before);
  const checked = await history.check(measurement);
  const evidence: RunEvidence = {
    hotshard: packageVersion(),
    runId,
    scenario: order.scenario,
    dials: order.dials,
    aim,
    command: order.command,
    machine,
    url,
    measurement,
    before,
    ...(stop !== null && { stop }),
    ...(outcome.seen !== undefined && { seen: outcome.seen }),
    ...(outcome.readersLost !== undefined && { readersLost: outcome.readersLost }),
    ...(order.maxErrors !== undefined && { maxErrors: order.maxErrors }),
    ...afterwards,
  };
  const failures = failuresOf(evidence);
  const slices = withFailures(measurement.slices, failures.seconds);
  const judged = buildResult(evidence, failures);
  const built = {
    ...(await nameDialogs(judged, order.out)),
    ...outcome.adds,
    ...(checked !== null && { audit: { ...judged.audit, history: checked } }),
    latencyIntervals: latencyIntervals(judged, slices),
  };
  const result: Result = {
    ...built,
    ...(order.forecast && { forecast: order.forecast }),
    ...(thresholds.length > 0 && {
      thresholds: judgeThresholds(thresholds, { result: built, measurement, never: failures.never }),
    }),
  };
  await writeRun(order.out, {
    result,
    slices,
    dialogs: offeredOf(evidence, failures),
    latency: { delivery: overall(measurement, "delivery"), service: overall(measurement, "service") },
  });
  return result;
}

/** Of all shards together. */
function overall({ shards }: Measurement, name: "delivery" | "service"): HistogramData {
  return mergeHistograms(Object.values(shards).map((shard) => shard[name]));
}

function refuseWhatIsUnknowable(
  { scenario, dials }: RunOrder,
  thresholds: readonly Threshold[],
  topology: Topology,
): void {
  const story = findScenario(scenario)?.make(dials);
  if (story !== undefined) refuseUnknowable(thresholds, expectedTraffic(story, dials, topology), dials);
}

async function drive(
  order: RunOrder,
  url: string,
  runId: string,
  shards: readonly string[],
  listeners: readonly Pick<Companion, "progress">[],
  watch: Watch,
): Promise<Measurement> {
  return order.driver.drive({
    ...watch.order,
    runId,
    scenario: order.scenario,
    dials: order.dials,
    url,
    secret: order.secret,
    shards,
    ...(order.operations !== undefined && { operations: { folder: order.out, share: order.operations } }),
    onProgress(progress) {
      for (const listener of listeners) listener.progress(progress);
      order.onProgress?.(progress);
    },
    ...(order.signal && { signal: order.signal }),
  });
}

type Afterwards = Pick<RunEvidence, "after" | "audit" | "dialogs" | "unknowns" | "serverGone" | "shardsLost">;

/**
 * What the server says of the run. Of one that is gone nothing is known, and what was measured is kept all the same.
 */
async function askAfterwards(
  client: ServerClient,
  runId: string,
  measurement: Measurement,
  before: ShardsReply,
): Promise<Afterwards> {
  let after: ShardsReply | null = null;
  try {
    after = await client.shards();
    const [audit, dialogs, unknowns] = await Promise.all([
      client.audit(runId),
      client.auditDialogs(runId),
      lookUp(client, unknownMessages(measurement, runId)),
    ]);
    return { after, audit, dialogs, unknowns };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const nothing = { audit: null, dialogs: { run: runId, dialogs: [] }, unknowns: [] };
    const shardsLost = lostInWords(after?.shards ?? []);
    const lost = shardsLost !== null && { shardsLost };
    return { after: after ?? before, ...nothing, serverGone: error.message, ...lost };
  }
}

/** What became of the messages without an answer: asked one by one, they are few. */
async function lookUp(client: ServerClient, unknowns: readonly UnknownMessage[]): Promise<AuditMessageReply[]> {
  const replies: AuditMessageReply[] = [];
  for (const message of unknowns) replies.push(await client.find(message));
  return replies;
}

/** Made afresh and never from the seed: two runs with the same seed must not share client message ids. */
function freshRunId(): string {
  return Array.from({ length: 10 }, () => RUN_ID_LETTERS[randomInt(RUN_ID_LETTERS.length)]).join("");
}
