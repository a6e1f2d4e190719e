import { studentQuantile } from "../../stats/student.ts";
import type { Slice } from "../../measurement/measurement.ts";
import type { Result } from "../../analysis/result/result.ts";
import { mergeHistograms, quantileOf } from "../../measurement/histogram.ts";
import { EMPTY_HISTOGRAM, unpackHistogram } from "../../measurement/packed-histogram.ts";

/** Chance of a false alarm, of all shards together. */
const FALSE_ALARM = 0.025;
/** Fewer slices than this tell nothing of a trend. */
const LEAST_SLICES = 5;
/** A slice with fewer deliveries has no median worth the name. */
const LEAST_DELIVERIES = 10;
/**
 * Of the messages that come, a share of 0.5 % too many adds 5 ms a second; less is none of this precision's business.
 */
const LEAST_RISE_MS_PER_S = 5;
/** The second half must rise by so much of the whole's rise. */
const STILL = 0.5;
/** Shards that rise by half of what the fastest does rise alike. */
const ALIKE = 0.5;

/** A queue that had not stopped growing when the measured phase ended. */
export interface QueueGrowth {
  /** The shard that grew fastest; null: all grew alike, so it is a queue that they share. */
  readonly shard: string | null;
  /** By how much longer messages waited with each second that passed, and its 95 % interval. */
  readonly msPerS: number;
  readonly low: number;
  readonly high: number;
}

type Point = readonly [second: number, ms: number];

/**
 * Whether messages waited ever longer until the measured phase ended. Where more comes than is served, the wait grows
 * by a constant with each second (1 − served ÷ come), around which the queue walks at random. For such a walk the mean
 * of the increments is the efficient estimate of that drift, and its t test holds its chance of error for every
 * dependence of neighbours from none to a walk (Canjels & Watson, Review of Economics and Statistics 79, 1997): a queue
 * that only came and went is no growth, nor is a single jump. The second half must still rise.
 *
 * @param slices of the run, in any order; those in the measured phase as a whole count
 * @returns null when no queue grew for certain, or the run is shorter than five slices
 */
export function queueGrowth(
  { run, shards }: Pick<Result, "run" | "shards">,
  slices: readonly Slice[],
): QueueGrowth | null {
  const begin = Number(run.dials["warmupS"] ?? 0);
  const measured = slices.filter(
    ({ second, seconds = 1 }) => second >= begin - 1e-9 && second + seconds <= begin + run.durationS + 1e-9,
  );
  const series = shards.map(({ label }) => ({
    label,
    points: mediansOf(measured.filter(({ shard }) => shard === label)),
  }));
  const all = { label: null, points: mediansOf(measured) };
  const tail = FALSE_ALARM / (series.length > 1 ? series.length + 1 : 1);
  const grown = [...series, all].flatMap(({ label, points }) => {
    const drift = driftOf(points, tail);
    return drift !== null && drift.isCertain && stillRises(points, drift.slope) ? [{ label, ...drift }] : [];
  });
  if (grown.length === 0) return null;
  const fastest = grown.reduce((most, one) => (one.slope > most.slope ? one : most));
  const alike = series.filter(({ points }) => slopeOf(points) >= ALIKE * fastest.slope).length;
  const isShared = fastest.label === null || alike === shards.length;
  const { slope, reach } = isShared ? (grown.find(({ label }) => label === null) ?? fastest) : fastest;
  return { shard: isShared ? null : fastest.label, msPerS: slope, low: slope - reach, high: slope + reach };
}

/** Median delivery by slice, by time. */
function mediansOf(slices: readonly Slice[]): Point[] {
  const bySecond = Map.groupBy(slices, ({ second }) => second);
  return [...bySecond]
    .map(([second, parts]) => {
      const all = mergeHistograms(parts.map(({ delivery }) => unpackHistogram(delivery ?? EMPTY_HISTOGRAM)));
      return { second, count: all.count, median: quantileOf(all, 0.5) };
    })
    .filter(({ count }) => count >= LEAST_DELIVERIES)
    .map(({ second, median }): Point => [second, median])
    .sort(([a], [b]) => a - b);
}

/** Mean increment per second with its error; null of too few points. */
function driftOf(points: readonly Point[], tail: number): { slope: number; reach: number; isCertain: boolean } | null {
  if (points.length < LEAST_SLICES) return null;
  const slope = slopeOf(points);
  const lengths = points.slice(1).map(([x], i) => x - points[i]![0]);
  // The variance of a walk's increment is in proportion to the time that it took.
  const variance =
    lengths.reduce((sum, length, i) => sum + (points[i + 1]![1] - points[i]![1] - slope * length) ** 2 / length, 0) /
    (lengths.length - 1);
  const error = Math.sqrt(variance / (points.at(-1)![0] - points[0]![0]));
  return {
    slope,
    reach: studentQuantile(0.025, lengths.length - 1) * error,
    isCertain: slope >= LEAST_RISE_MS_PER_S && slope > studentQuantile(tail, lengths.length - 1) * error,
  };
}

/** ms per second from the first point to the last; 0 of fewer than two. */
function slopeOf(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last[0] === first[0]) return 0;
  return (last[1] - first[1]) / (last[0] - first[0]);
}

function stillRises(points: readonly Point[], slope: number): boolean {
  const late = points.slice(Math.floor((points.length - 1) / 2));
  return slopeOf(late) >= STILL * slope;
}
