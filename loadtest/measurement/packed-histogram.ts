import type { HistogramData } from "./histogram.ts";

/**
 * A histogram as files keep it: `counts` is gap, count, gap, count, …; a gap is the distance of a bucket from the one
 * before it, the first from bucket −1. A bucket's value is that of `traffic/histogram.ts`.
 */
export interface PackedHistogram {
  /** Of all samples, ms, to the microsecond. */
  readonly sum: number;
  /** Largest sample, ms; 0 without samples. */
  readonly max: number;
  readonly counts: readonly number[];
}

/** The same in fewer bytes: `counts` may be a typed array. */
export type SmallHistogram = Omit<PackedHistogram, "counts"> & { readonly counts: ArrayLike<number> };

export const EMPTY_HISTOGRAM: PackedHistogram = { sum: 0, max: 0, counts: [] };

export function packHistogram({ sum, max, buckets }: HistogramData): PackedHistogram {
  const counts: number[] = [];
  let last = -1;
  for (const [index, count] of buckets) {
    counts.push(index - last, count);
    last = index;
  }
  return { sum: Math.round(sum * 1000) / 1000, max, counts };
}

export function unpackHistogram({ sum, max, counts }: SmallHistogram): HistogramData {
  const buckets: [number, number][] = [];
  let count = 0;
  let index = -1;
  for (let i = 0; i + 1 < counts.length; i += 2) {
    index += counts[i]!;
    count += counts[i + 1]!;
    buckets.push([index, counts[i + 1]!]);
  }
  return { count, sum, max, buckets };
}

/**
 * A copy with one byte for each gap and count if that is enough, as it mostly is, where an array of numbers has eight.
 */
export function smallHistogram({ sum, max, counts }: SmallHistogram): SmallHistogram {
  let largest = 0;
  for (let i = 0; i < counts.length; i += 1) largest = Math.max(largest, counts[i]!);
  const Counts = largest < 2 ** 8 ? Uint8Array : largest < 2 ** 16 ? Uint16Array : Float64Array;
  return { sum, max, counts: Counts.from(counts) };
}

/** As files keep it. */
export function plainHistogram({ sum, max, counts }: SmallHistogram): PackedHistogram {
  return { sum, max, counts: Array.from(counts) };
}

/** The histogram of both samples together. */
export function mergePacked(a: SmallHistogram, b: SmallHistogram): SmallHistogram {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const counts: number[] = [];
  let last = -1;
  let [i, j] = [0, 0];
  let [left, right] = [a.counts[0]! - 1, b.counts[0]! - 1];
  while (i < a.counts.length || j < b.counts.length) {
    const index = Math.min(left, right);
    let count = 0;
    if (left === index) {
      count += a.counts[i + 1]!;
      i += 2;
      left = i < a.counts.length ? left + a.counts[i]! : Number.POSITIVE_INFINITY;
    }
    if (right === index) {
      count += b.counts[j + 1]!;
      j += 2;
      right = j < b.counts.length ? right + b.counts[j]! : Number.POSITIVE_INFINITY;
    }
    counts.push(index - last, count);
    last = index;
  }
  return { sum: a.sum + b.sum, max: Math.max(a.max, b.max), counts };
}
