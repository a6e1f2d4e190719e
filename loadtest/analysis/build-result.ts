import type {
  AuditDialogsReply,
  AuditMessageReply,
  AuditReply,
  ShardsReply,
  ShardStatus,
} from "../../server/protocol/http.ts";
import type { Measurement } from "../drivers/contract.ts";
import { checkResult } from "../report/read.ts";
import type { Machine } from "../report/machine-schema.ts";
import type { Result } from "../report/result.ts";
import { askedOf, perSecondOf, type Asked } from "../traffic/asked.ts";
import type { Aim, Dials } from "../traffic/contract.ts";
import { mergeHistograms, quantileOf, type HistogramData } from "../traffic/histogram.ts";
import { recordedDials } from "../traffic/scenario.ts";
import { findScenario } from "../traffic/stories/registry.ts";
import { packageVersion } from "../version.ts";
import { audit } from "./audit.ts";
import { blastRadius } from "./blast-radius.ts";
import { causesOfSkew, runNoiseFloor } from "./causes.ts";
import { testRun } from "./hash-test.ts";
import { elapsedSeconds } from "./elapsed.ts";
import { measuredOf, measuredShards } from "./measured-shards.ts";
import { outlook } from "./outlook.ts";
import { effectiveShards, gini, maxOverMean, variationCoefficient } from "../../server/placement/skew.ts";
import { realisedZipf } from "./realised-zipf.ts";
import { judge } from "./verdict.ts";
import { layoutOf, type Layout } from "./where-it-lay.ts";

/** Everything known of a finished run. */
export interface RunEvidence {
  readonly runId: string;
  readonly scenario: string;
  readonly dials: Dials;
  /** The dials as they were aimed at the server's shards; absent: none said an effect. */
  readonly aim?: Aim;
  /** The command line that makes the same run. */
  readonly command: string;
  /** Where the generator ran. */
  readonly machine: Machine;
  readonly url: string;
  readonly measurement: Measurement;
  /** `GET /v1/shards` before the first and after the last message. */
  readonly before: ShardsReply;
  readonly after: ShardsReply;
  /** Null: the server was gone. */
  readonly audit: AuditReply | null;
  readonly dialogs: AuditDialogsReply;
  /** The look-ups of `measurement.unknowns`, in their order. */
  readonly unknowns: readonly AuditMessageReply[];
  /** Why the server could not be asked after the run; absent: it could. */
  readonly serverGone?: string;
  /** Why the readers of `history` did not read to the end; absent: they did, or there were none. */
  readonly readersLost?: string;
}

const HOT_DIALOGS = 10;

/** Unique values in words, in the order in which they come. */
const words = (values: readonly string[]): string => [...new Set(values)].join("; ");

function shapeInWords({ shaped }: ShardStatus): string[] {
  if (shaped === null) return [];
  const rows = shaped.maxRows === null ? "" : `, at most ${shaped.maxRows} rows each`;
  return [`commits of at least ${shaped.commitMs} ms${rows}`];
}

function serverOf({ url, after }: RunEvidence, { router, labels }: Layout): Result["server"] {
  const engines = [...new Set(after.shards.map(({ engine }) => engine))];
  const shapes = words(after.shards.flatMap(shapeInWords));
  const durability = after.shards.map(({ durability: d }) =>
    d === null ? "unknown (shard down)" : `${d.settings} (${d.crashSafe ? "crash-safe" : "not crash-safe"})`,
  );
  return {
    url,
    shards: labels.length,
    ...router.describe(),
    engine: engines.length > 1 ? "both" : (engines[0] ?? "unknown"),
    epoch: router.epoch,
    durability: words(durability),
    shaped: shapes === "" ? null : shapes,
  };
}

function skewOf({ parts, labels, dialogs, isNewestAlone }: Layout, shards: Result["shards"]): Result["skew"] {
  const stored = shards.map(({ stored: rows }) => rows);
  const { mean, p99 } = runNoiseFloor(parts, labels.length);
  const keys = parts.reduce((total, part) => total + part.keys, 0);
  return {
    maxOverMean: maxOverMean(stored),
    noiseFloor: { mean, p99 },
    effectiveShards: effectiveShards(stored),
    cv: variationCoefficient(stored),
    gini: gini(stored),
    distinctDialogs: dialogs.length,
    ...(!isNewestAlone && { segments: parts.length }),
    ...(parts.some(({ layout }) => layout.bucketMs > 0) && { distinctPairs: keys }),
    causes: causesOfSkew(parts, labels.length),
    hashTest: testRun(parts, labels.length),
  };
}

function trafficOf(
  evidence: RunEvidence,
  asked: Asked,
  askedShare: number | null,
  topShare: number,
  scheduleS: number,
): Result["traffic"] {
  const { measurement: m } = evidence;
  const acked = Object.values(m.shards).reduce((total, shard) => total + shard.acked, 0);
  return {
    planned: m.planned,
    sent: m.sent,
    acked,
    refused: m.refused,
    unknown: m.unknown,
    errors: { ...m.errors },
    delivered: m.delivered,
    offline: m.offline,
    asked,
    made: { rate: perSecondOf(m.sent, scheduleS), messages: m.sent },
    rate: perSecondOf(acked, scheduleS),
    topDialogShare: { asked: askedShare, realised: askedShare === null ? topShare : m.hotSent / Math.max(1, m.sent) },
  };
}

const fiveQuantiles = (data: HistogramData): Result["latencyMs"]["delivery"] => ({
  p50: quantileOf(data, 0.5),
  p90: quantileOf(data, 0.9),
  p99: quantileOf(data, 0.99),
  p999: quantileOf(data, 0.999),
  max: data.max,
});

/**
 * Draws every conclusion of a run from its evidence. Shares and skew are those of the rows in the databases, not of
 * what the generator believes.
 *
 * @throws {ConfigError} BAD_RESULT if the evidence holds what no result may hold (a fault of the driver or server)
 */
export function buildResult(evidence: RunEvidence): Result {
  const { measurement, dials, scenario, before, after, unknowns } = evidence;
  const layout = layoutOf(after.topology, evidence.dialogs);
  const known = findScenario(scenario);
  const { askedShare = null, expected, expectedIsExact, popularity, walks = false } = known?.make(dials) ?? {};
  const scheduleS = elapsedSeconds(measurement, dials, expected);
  const lookups = unknowns.map((reply, i) => ({ unknown: measurement.unknowns[i]!, reply }));
  const audited = audit(measurement, evidence.audit, lookups).audit;
  const shards = measuredShards({ measurement, before, after, layout, scheduleS });
  const stored = layout.dialogs.reduce((total, { count }) => total + count, 0);
  const skew = skewOf(layout, shards);
  const seen = layout.labels.map((label) => ({ label, ...measuredOf(measurement, label) }));
  const { generator } = measurement;
  const result: Result = {
    version: 1,
    hotshard: packageVersion(),
    run: {
      id: evidence.runId,
      scenario: known?.name ?? scenario,
      driver: measurement.driver,
      seed: dials.seed,
      startedAt: measurement.startedAt,
      durationS: dials.durationS,
      dials: known === undefined ? { ...dials } : recordedDials(known, dials),
      command: evidence.command,
      interrupted: measurement.interrupted,
      machine: evidence.machine,
    },
    server: serverOf(evidence, layout),
    verdict: judge({
      measurement,
      dials,
      askedShare,
      audit: audited,
      cores: measurement.driver === "node" ? Math.min(1, evidence.machine.cores) : evidence.machine.cores,
      ...(expected !== undefined && { expected }),
      ...(expectedIsExact && { expectedIsExact }),
      ...(evidence.serverGone !== undefined && { serverGone: evidence.serverGone }),
      ...(evidence.readersLost !== undefined && { readersLost: evidence.readersLost }),
      zipf:
        popularity === undefined
          ? null
          : realisedZipf(popularity, layout.dialogs, Math.max(0, measurement.sent - stored)),
    }),
    traffic: trafficOf(
      evidence,
      askedOf({ expected }, dials),
      askedShare,
      stored > 0 ? (layout.dialogs[0]?.count ?? 0) / stored : 0,
      scheduleS,
    ),
    shards,
    skew,
    ...(evidence.aim?.maxOverMean && {
      aim: { maxOverMean: { ...evidence.aim.maxOverMean, realised: skew.maxOverMean } },
    }),
    blastRadius: blastRadius(
      seen.map(({ label, innocent }, i) => ({ label, innocent, stored: shards[i]?.stored ?? 0 })),
      askedShare !== null,
    ),
    ...outlook({ layout, topology: after.topology, shards, walks }),
    hotDialogs: layout.dialogs.slice(0, HOT_DIALOGS).map(({ dialog, count, labels }, i) => ({
      rank: i + 1,
      dialog,
      share: count / stored,
      error: 0,
      shard: labels.join("+"),
    })),
    latencyMs: {
      delivery: fiveQuantiles(mergeHistograms(seen.map(({ delivery }) => delivery))),
      service: fiveQuantiles(mergeHistograms(seen.map(({ service }) => service))),
      commit: fiveQuantiles(mergeHistograms(seen.map(({ commit }) => commit))),
    },
    generator: {
      sendLagMs: { p99: quantileOf(generator.sendLag, 0.99) },
      handlerLagMs: { p99: quantileOf(generator.handlerLag, 0.99) },
      cpu: generator.cpu,
      dropped: generator.dropped,
      ...(generator.processes !== undefined && { processes: generator.processes }),
    },
    audit: audited,
  };
  return checkResult(result, "the result of this run");
}
