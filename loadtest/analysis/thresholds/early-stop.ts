import { mergeHistograms, QUANTILES, quantileOf, withNever, type HistogramData } from "../../measurement/histogram.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import type { Dials } from "../../traffic/contract.ts";
import type { EarlyStop, StopWhen } from "../result/run-evidence.ts";
import { latencyIntervals } from "../slices/latency-intervals.ts";
import { quantileInterval, shareInterval, type Interval } from "./intervals.ts";
import { holds, type Threshold } from "./threshold.ts";
import { durationsOf, TIMES } from "./threshold-times.ts";

/** What is known of a run before it is driven. */
export interface Outlook {
  readonly dials: Dials;
  /** Messages of the measured phase and of the whole schedule, at most; Infinity: nobody knows. */
  readonly measured: number;
  readonly all: number;
  /** How often a decision is asked for, at most: every look may be wrong, and all of them together in 5 of 100 runs. */
  readonly looks: number;
}

/** Chance that some interval of some look does not hold the truth. */
const WRONG = 0.05;

/**
 * Whether a run need not go on. `lost`: however good all that is still to come, a threshold is missed. `known`: the
 * interval of every threshold is clear of its limit, with a chance of error of 5 % over all looks and thresholds
 * together (Bonferroni), as the run is looked at more than once.
 *
 * @param soFar of the measured phase; its slices are read for `known` alone
 * @param elapsedS whole seconds of the schedule that its slices hold
 */
export function earlyStop(
  when: StopWhen,
  thresholds: readonly Threshold[],
  soFar: Measurement,
  outlook: Outlook,
  elapsedS: number,
): EarlyStop | null {
  const lost = thresholds.find((threshold) => isLost(threshold, soFar, outlook));
  if (lost !== undefined) return { why: "lost", thresholds: [lost.text] };
  if (when === "lost" || thresholds.length === 0) return null;
  const tail = WRONG / 2 / outlook.looks / thresholds.length;
  const intervals = slicesIntervals(soFar, outlook, elapsedS, tail);
  const known = thresholds.every((threshold) => isKnown(threshold, soFar, intervals, tail));
  return known ? { why: "known", thresholds: thresholds.map(({ text }) => text) } : null;
}

/** Whether no rest of the run can keep the threshold: the best that may come does not. */
export function isLost(threshold: Threshold, soFar: Measurement, { measured, all }: Outlook): boolean {
  const best = bestValue(threshold, soFar, measured, all);
  return best !== null && !holds(best, threshold);
}

/** The figure of the whole run if all that is to come were as good as can be; null: nobody can tell. */
function bestValue(threshold: Threshold, soFar: Measurement, measured: number, all: number): number | null {
  const { metric, op } = threshold;
  const isUpper = op.startsWith("<") || op === "==";
  const time = timeOf(threshold);
  if (time !== null) {
    const data = metric === "sendLag.p99" ? soFar.generator.sendLag : durationsOf(soFar, time.name, threshold.shard);
    return data.count === 0 ? null : bestQuantile(data, time.q, measured - data.count, isUpper);
  }
  // The counts only rise, and so does a limit from below only come nearer.
  if (!isUpper) return null;
  const { late, notConnected, refused, unknown } = soFar;
  if (metric === "errors") return (refused + unknown + notConnected) / all;
  if (metric === "traffic.notConnected") return bestCount(threshold, notConnected);
  return metric === "generator.dropped" ? bestCount(threshold, late + notConnected) : null;
}

/** A count that must be just so many may still rise to it. */
const bestCount = ({ op, limit }: Threshold, count: number): number => (op === "==" ? Math.max(limit, count) : count);

/** With so many more samples, all below, or all above, what was seen. */
function bestQuantile(data: HistogramData, q: number, more: number, isUpper: boolean): number | null {
  if (q >= 1) return isUpper ? data.max : null;
  if (!Number.isFinite(more)) return null;
  const rest = Math.max(0, more);
  const low: HistogramData = { count: rest, sum: 0, max: 0, buckets: rest === 0 ? [] : [[0, rest]] };
  return quantileOf(isUpper ? mergeHistograms([low, data]) : withNever(data, rest), q);
}

function timeOf({ metric }: Threshold): { readonly name: keyof typeof TIMES; readonly q: number } | null {
  if (metric === "sendLag.p99") return { name: "delivery", q: 0.99 };
  const [name = "", quantile = ""] = metric.split(".");
  if (!(name in TIMES && quantile in QUANTILES)) return null;
  return { name: name as keyof typeof TIMES, q: QUANTILES[quantile as keyof typeof QUANTILES] };
}

type Row = ReturnType<typeof latencyIntervals>[number];

function slicesIntervals(soFar: Measurement, { dials }: Outlook, elapsedS: number, tail: number): readonly Row[] {
  const scope = {
    run: { dials, durationS: Math.max(0, elapsedS - dials.warmupS) },
    shards: Object.keys(soFar.shards).map((label) => ({ label })),
  };
  return latencyIntervals(scope, soFar.slices, tail);
}

/** Whether the whole interval is on one side of the limit. */
function isKnown(threshold: Threshold, soFar: Measurement, intervals: readonly Row[], tail: number): boolean {
  const ends = intervalOf(threshold, soFar, intervals, tail);
  if (ends === null || ends.low === null || ends.high === null) return false;
  return holds(ends.low, threshold) === holds(ends.high, threshold);
}

/**
 * The wider of two intervals: of samples that are independent, and of the run's seconds. Null of what has not both, and
 * of latencies when messages failed: those count as never delivered, and only the end tells where they belong.
 */
function intervalOf(
  threshold: Threshold,
  soFar: Measurement,
  intervals: readonly Row[],
  tail: number,
): Interval | null {
  const failed = soFar.refused + soFar.unknown + soFar.notConnected;
  if (threshold.metric === "errors") return shareInterval(failed, soFar.sent + soFar.notConnected, tail);
  const time = timeOf(threshold);
  const row = intervals.find(({ metric, shard }) => metric === threshold.metric && shard === threshold.shard);
  if (time === null || row === undefined || row.low === null || row.high === null || failed > 0) return null;
  const { low, high } = quantileInterval(durationsOf(soFar, time.name, threshold.shard), time.q, tail);
  return { low: Math.min(low ?? 0, row.low), high: high === null ? null : Math.max(high, row.high) };
}
