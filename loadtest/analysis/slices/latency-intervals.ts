import { studentQuantile } from "../../stats/student.ts";
import type { Slice } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";
import { bucketOf, lowerEdgeOf } from "../../measurement/histogram.ts";
import { estimatesOf, type Estimate, sharesAround, unknownOf } from "./estimates.ts";
import { leastSamples, measuresOf, samplesOf } from "./measures.ts";
import { LEAST_SLICES, seriesOf, type SeriesScope } from "./series.ts";

type LatencyInterval = NonNullable<Result["latencyIntervals"]>[number];

/** Chance of either tail of a 95 % interval. */
const TAIL = 0.025;

/**
 * 95 % intervals of latencies from the run's own time slices: messages which waited in one queue, and seconds that
 * resemble their neighbours, do not count as independent (`createDependence`). The ends are those of the histogram's
 * buckets.
 *
 * @param tail chance of either tail, of another interval
 * @returns a row for each quantile that rests on enough samples, of null and null when the run cannot tell, because its
 *   seconds are correlated so much that its samples are worth few independent ones; no rows when the run is shorter
 *   than `LEAST_SLICES`
 */
export function latencyIntervals(result: SeriesScope, slices: readonly Slice[], tail = TAIL): LatencyInterval[] {
  const series = seriesOf(result, slices);
  if (series.slices < LEAST_SLICES) return [];
  const [estimates] = estimatesOf([series]) as [Estimate[]];
  const samples = samplesOf(series);
  return measuresOf(series.labels).flatMap((measure, i): LatencyInterval[] => {
    const { metric, shard } = measure;
    if (metric === "throughput" || metric === "skew.maxOverMean" || samples[i]! < leastSamples(measure)) return [];
    const estimate = estimates[i]!;
    if (unknownOf(estimate) !== null) return [{ metric, shard, low: null, high: null }];
    const { logAt, q, shareError } = estimate.quantile!;
    const [from, to] = sharesAround(q, studentQuantile(tail, estimate.freedom) * shareError);
    // It is not known where in its bucket a duration lay.
    const low = lowerEdgeOf(bucketOf(Math.exp(logAt(from))));
    return [{ metric, shard, low, high: lowerEdgeOf(bucketOf(Math.exp(logAt(to))) + 1) }];
  });
}
