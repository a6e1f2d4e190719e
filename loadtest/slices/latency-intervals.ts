import { studentQuantile } from "../analysis/student.ts";
import type { Slice } from "../drivers/contract.ts";
import type { Result } from "../report/result.ts";
import { bucketOf, lowerEdgeOf } from "../traffic/histogram.ts";
import { estimatesOf } from "./estimates.ts";
import { leastSamples, measuresOf, samplesOf } from "./measures.ts";
import { LEAST_SLICES, seriesOf } from "./series.ts";

/** Chance of either tail. */
const TAIL = 0.025;

/**
 * 95 % intervals of latencies from the run's own time slices: seconds that resemble their neighbours are drawn together
 * (`blockBootstrap`), so that messages which waited in one queue do not count as independent. The interval is symmetric on
 * the logarithmic scale, as durations are skewed, and reaches to the ends of the histogram's buckets.
 *
 * @returns a row for each quantile that rests on enough samples; none when the run is shorter than `LEAST_SLICES`
 */
export function latencyIntervals(
  result: Pick<Result, "run" | "shards">,
  slices: readonly Slice[],
): NonNullable<Result["latencyIntervals"]> {
  const series = seriesOf(result, slices);
  if (series.slices < LEAST_SLICES) return [];
  const { logs, errors, freedom } = estimatesOf(series);
  const samples = samplesOf(series);
  const student = studentQuantile(TAIL, freedom);
  return measuresOf(series.labels).flatMap((measure, i) => {
    const { metric, shard } = measure;
    if (metric === "throughput" || metric === "skew.maxOverMean" || samples[i]! < leastSamples(measure)) return [];
    const [low, high] = [logs[i]! - student * errors[i]!, logs[i]! + student * errors[i]!];
    return Number.isFinite(high - low) ? [{ metric, shard, ...outwards(Math.exp(low), Math.exp(high)) }] : [];
  });
}

/** Nobody knows where in its bucket a duration lay. */
function outwards(low: number, high: number): { low: number; high: number } {
  return { low: lowerEdgeOf(bucketOf(low)), high: lowerEdgeOf(bucketOf(high) + 1) };
}
