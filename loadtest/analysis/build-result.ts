import type { ShardStatus } from "../../server/protocol/http.ts";
import { checkResult } from "./result/read.ts";
import type { Result } from "./result/result.ts";
import { arrivalsOf } from "../traffic/arrivals/registry.ts";
import { askedOf, perSecondOf, type Asked } from "../traffic/asked.ts";
import type { Dials } from "../traffic/contract.ts";
import { mergeHistograms, quantileOf, quantilesOf } from "../measurement/histogram.ts";
import { maxErrorsOf } from "../traffic/max-errors.ts";
import { recordedDials } from "../traffic/scenario.ts";
import { findScenario } from "../traffic/stories/registry.ts";
import { changesIn } from "./changes/changes.ts";
import { wereMoved } from "./result/seen-changes.ts";
import { audit } from "./audit/audit.ts";
import { blastRadius } from "./failures/blast-radius.ts";
import { causesOfSkew, runNoiseFloor } from "./skew/causes.ts";
import { unknownMessages, withFailures, type Failures } from "./failures/failures.ts";
import { failuresOf, offeredOf } from "./failures/offered.ts";
import { outageReason } from "./failures/outage-reason.ts";
import { outagesOf } from "./failures/outages.ts";
import { recoveryS, windowFigures } from "./failures/windows.ts";
import { testRun } from "./skew/hash-test.ts";
import { elapsedSeconds } from "./elapsed.ts";
import { measuredOf, measuredShards } from "./skew/measured-shards.ts";
import { newestSegment } from "./skew/newest-segment.ts";
import { outlook } from "./skew/outlook.ts";
import { labelsOf } from "./skew/remedy.ts";
import { effectiveShards, gini, maxOverMean, variationCoefficient } from "../../server/statistics/skew.ts";
import { realisedZipf } from "./verdict/realised-zipf.ts";
import type { RunEvidence } from "./result/run-evidence.ts";
import { judge } from "./verdict/verdict.ts";
import { layoutOf, type Layout } from "./skew/where-it-lay.ts";

const HOT_DIALOGS = 10;
const QUANTILE_NAMES = ["p50", "p90", "p95", "p99", "p999", "max"] as const;

/** Unique values in words, in the order in which they come. */
const words = (values: readonly string[]): string => [...new Set(values)].join("; ");

function shapeInWords({ shaped }: ShardStatus): string[] {
  if (shaped === null) return [];
  const { commitMs, lostWhile, maxRows } = shaped;
  const rows = maxRows === null ? "" : `, at most ${maxRows} rows each`;
  return [
    ...(commitMs > 0 || maxRows !== null ? [`commits of at least ${commitMs} ms${rows}`] : []),
    ...(lostWhile === undefined ? [] : ["one lost on command"]),
  ];
}

function serverOf({ url, after }: RunEvidence, { router, labels }: Layout): Result["server"] {
  const engines = [...new Set(after.shards.map(({ engine }) => engine))];
  const shapes = words(after.shards.flatMap(shapeInWords));
  const durability = after.shards.map(({ durability: d }) =>
    d === null ? "unknown (shard down)" : `${d.settings} (${d.crashSafe ? "crash-safe" : "not crash-safe"})`,
  );
  const inUse = labelsOf(newestSegment(after.topology)).length;
  return {
    url,
    shards: labels.length,
    ...(inUse < labels.length && { inUse }),
    ...router.describe(),
    engine: engines.length > 1 ? "both" : (engines[0] ?? "unknown"),
    epoch: router.epoch,
    durability: words(durability),
    shaped: shapes === "" ? null : shapes,
  };
}

function skewOf({ parts, labels, dialogs, isNewestAlone }: Layout, shards: Result["shards"]): Result["skew"] {
  const loads = shards.map(({ offered }) => offered);
  const { mean, p99 } = runNoiseFloor(parts, labels.length);
  const keys = parts.reduce((total, part) => total + part.keys, 0);
  const isKnown = dialogs.length > 0;
  return {
    of: "offered",
    maxOverMean: maxOverMean(loads),
    noiseFloor: { mean, p99 },
    effectiveShards: effectiveShards(loads),
    cv: variationCoefficient(loads),
    gini: gini(loads),
    distinctDialogs: dialogs.length,
    ...(!isNewestAlone && { segments: parts.length }),
    ...(parts.some(({ layout }) => layout.bucketMs > 0) && { distinctPairs: keys }),
    causes: isKnown ? causesOfSkew(parts, labels.length) : null,
    hashTest: isKnown ? testRun(parts, labels.length) : null,
  };
}

/** Of a schedule that was ended early, what was driven of it. */
function durationIn({ dials, measurement, stop }: RunEvidence): Pick<Result["run"], "durationS" | "stopped"> {
  const { durationS, warmupS } = dials;
  const { cutAtS } = measurement;
  if (cutAtS === undefined || stop === undefined) return { durationS };
  const atS = Math.min(warmupS + durationS, Number(cutAtS.toFixed(3)));
  const { why, thresholds } = stop;
  const driven = Number(Math.max(0, atS - warmupS).toFixed(3));
  return { durationS: driven, stopped: { atS, ofS: warmupS + durationS, why, thresholds: [...thresholds] } };
}

function arrivalsIn(dials: Dials): NonNullable<Result["traffic"]["arrivals"]> {
  const { model, gaps, words, ...shape } = arrivalsOf(dials);
  return { model, gaps, open: shape.isOpen, changes: !shape.isOpen || shape.pieces.length > 0, words };
}

function trafficOf(
  evidence: RunEvidence,
  asked: Asked | null,
  hasOwnPace: boolean,
  askedShare: number | null,
  topShare: number,
  scheduleS: number,
): Result["traffic"] {
  const { measurement: m } = evidence;
  const acked = Object.values(m.shards).reduce((total, shard) => total + shard.acked, 0);
  const offered = m.sent + m.notConnected;
  return {
    planned: m.planned,
    sent: m.sent,
    ...(m.rehearsed !== undefined && { resent: m.resent }),
    acked,
    refused: m.refused,
    unknown: m.unknown,
    late: m.late,
    notConnected: m.notConnected,
    failedShare: (m.refused + m.unknown + m.notConnected) / Math.max(1, offered),
    errors: { ...m.errors },
    delivered: m.delivered,
    offline: m.offline,
    ...(asked !== null && { asked }),
    ...(hasOwnPace ? {} : { arrivals: arrivalsIn(evidence.dials) }),
    made: { rate: perSecondOf(m.sent, scheduleS), messages: m.sent },
    rate: perSecondOf(acked, scheduleS),
    topDialogShare: {
      asked: askedShare,
      realised: askedShare === null ? topShare : m.hotOffered / Math.max(1, offered),
    },
  };
}

function outagesIn(shards: Result["shards"], { unanswered }: Failures, { measurement, after }: RunEvidence) {
  const { slices, startedAt } = measurement;
  const startMs = Date.parse(startedAt);
  return shards
    .flatMap(({ label, offeredPerS }) =>
      outagesOf({ shard: label, unanswered: unanswered.get(label) ?? [], offeredPerS, slices }),
    )
    .map((outage) => {
      const [from, until] = [startMs + 1_000 * outage.fromS, startMs + 1_000 * outage.untilS];
      const reason = outageReason(after.shards, outage.shard, from, until);
      return reason === null ? outage : { ...outage, reason };
    });
}

/**
 * Draws every conclusion of a run from its evidence. Shares, skew, causes and advice are of what was offered: of the
 * rows in the databases and of the messages that failed, each on the shard where it belongs.
 *
 * @throws {ConfigError} BAD_RESULT if the evidence holds what no result may hold (a fault of the driver or server)
 */
export function buildResult(evidence: RunEvidence, failures = failuresOf(evidence)): Result {
  const { measurement, dials, scenario, before, after, unknowns, runId } = evidence;
  const dialogs = offeredOf(evidence, failures);
  const layout = layoutOf(after.topology, { ...evidence.dialogs, dialogs });
  const known = findScenario(scenario);
  const story = known?.make(dials);
  const { askedShare = null, expected, expectedIsExact, popularity, walks = false, windows = [] } = story ?? {};
  const scheduleS = elapsedSeconds(measurement, dials, expected);
  const asked = unknownMessages(measurement, runId);
  const lookups = unknowns.map((reply, i) => ({ unknown: asked[i]!, reply }));
  const { seen } = evidence;
  const shardChanges = seen === undefined ? null : { twins: seen.verification?.twins ?? 0 };
  const audited = audit(measurement, evidence.audit, lookups, shardChanges);
  const { counts: failed } = failures;
  const shards = measuredShards({
    measurement,
    before,
    after,
    layout,
    failed,
    audit: evidence.audit,
    scheduleS,
    isMoved: wereMoved(seen),
  });
  const offered = layout.dialogs.reduce((total, { count }) => total + count, 0);
  const skew = skewOf(layout, shards);
  const slices = withFailures(measurement.slices, failures.seconds);
  const timed = layout.labels.map((label) => ({ label, ...measuredOf(measurement, label) }));
  const { generator } = measurement;
  const result: Result = {
    version: 2,
    hotshard: evidence.hotshard,
    run: {
      id: evidence.runId,
      scenario: known?.name ?? scenario,
      driver: measurement.driver,
      seed: dials.seed,
      startedAt: measurement.startedAt,
      ...durationIn(evidence),
      dials: known === undefined ? { ...dials } : recordedDials(known, dials),
      command: evidence.command,
      interrupted: measurement.interrupted,
      machine: evidence.machine,
      maxErrors: evidence.maxErrors ?? maxErrorsOf(story ?? {}),
    },
    server: serverOf(evidence, layout),
    verdict: judge({
      ...evidence,
      askedShare,
      audit: audited,
      cores: measurement.driver === "node" ? Math.min(1, evidence.machine.cores) : evidence.machine.cores,
      ...(expected !== undefined && { expected }),
      ...(expectedIsExact && { expectedIsExact }),
      zipf:
        popularity === undefined
          ? null
          : realisedZipf(popularity, layout.dialogs, Math.max(0, measurement.planned - offered)),
    }),
    traffic: trafficOf(
      evidence,
      askedOf({ expected }, dials),
      expected !== undefined,
      askedShare,
      offered > 0 ? (layout.dialogs[0]?.count ?? 0) / offered : 0,
      scheduleS,
    ),
    failures: [...failures.rows],
    outages: outagesIn(shards, failures, evidence),
    ...changesIn(evidence, layout),
    windows: windowFigures(windows, slices),
    ...(windows.length > 1 && { recoveryS: recoveryS(windows, slices) }),
    shards,
    skew,
    ...(evidence.aim?.maxOverMean && {
      aim: { maxOverMean: { ...evidence.aim.maxOverMean, realised: skew.maxOverMean } },
    }),
    blastRadius: blastRadius(
      timed.map(({ label, innocent }, i) => ({ label, innocent, offered: shards[i]?.offered ?? 0 })),
      askedShare !== null,
    ),
    ...outlook({ layout, topology: after.topology, shards, walks }),
    hotDialogs: layout.dialogs.slice(0, HOT_DIALOGS).map(({ dialog, count, labels }, i) => ({
      rank: i + 1,
      dialog,
      share: count / offered,
      error: 0,
      shard: labels.join("+"),
    })),
    latencyMs: {
      delivery: quantilesOf(mergeHistograms(timed.map(({ delivery }) => delivery)), QUANTILE_NAMES),
      service: quantilesOf(mergeHistograms(timed.map(({ service }) => service)), QUANTILE_NAMES),
      commit: quantilesOf(mergeHistograms(timed.map(({ commit }) => commit)), QUANTILE_NAMES),
    },
    generator: {
      sendLagMs: { p99: quantileOf(generator.sendLag, 0.99) },
      handlerLagMs: { p99: quantileOf(generator.handlerLag, 0.99) },
      ...(generator.floor && generator.floor.count > 0 && { floorMs: quantileOf(generator.floor, 0.99) }),
      cpu: generator.cpu,
      ...(generator.processes !== undefined && { processes: generator.processes }),
    },
    audit: audited,
  };
  return checkResult(result, "the result of this run");
}
