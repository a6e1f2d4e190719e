import { middleOf, type HistogramCopy } from "../../measurement/histogram.ts";

/**
 * Buckets per octave are 2^SCHEMA: each is 9 % wide. It is k6's resolution, so that one query reads both.
 * https://prometheus.io/docs/specs/native_histograms/
 */
export const SCHEMA = 3;
const PER_OCTAVE = 2 ** SCHEMA;

/** Durations in seconds by buckets of Prometheus: bucket i holds what is above 2^((i−1)/8) and not above 2^(i/8). */
export interface NativeHistogram {
  readonly count: number;
  /** Seconds. */
  readonly sum: number;
  /**
   * Runs of buckets that follow each other; the offset is from the end of the run before, of the first from bucket 0.
   */
  readonly spans: readonly { readonly offset: number; readonly length: number }[];
  /** Of each bucket in a run, its count less that of the bucket before; of the first one its count. */
  readonly deltas: readonly number[];
}

/**
 * A bucket of ours goes whole into the one that has its middle: ours are ten times as fine, so that a quantile is as
 * good as the wider buckets are.
 *
 * @param durations milliseconds
 */
export function nativeHistogram(durations: HistogramCopy): NativeHistogram {
  const spans: { offset: number; length: number }[] = [];
  const deltas: number[] = [];
  let [end, last] = [0, 0];
  for (const [bucket, count] of wideBuckets(durations.counts)) {
    const span = spans.at(-1);
    if (span !== undefined && bucket === end) span.length += 1;
    else spans.push({ offset: bucket - end, length: 1 });
    end = bucket + 1;
    deltas.push(count - last);
    last = count;
  }
  return { count: durations.count, sum: durations.sum / 1000, spans, deltas };
}

/** In ascending order, as the buckets that they are made of. */
function wideBuckets(counts: Uint32Array): Map<number, number> {
  const wide = new Map<number, number>();
  for (let index = 0; index < counts.length; index += 1) {
    const count = counts[index]!;
    if (count === 0) continue;
    const bucket = Math.ceil(Math.log2(middleOf(index) / 1000) * PER_OCTAVE);
    wide.set(bucket, (wide.get(bucket) ?? 0) + count);
  }
  return wide;
}
