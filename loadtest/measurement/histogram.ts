/** Sparse counts of a histogram: JSON-able and mergeable. `buckets` holds [index, count] pairs, ascending. */
export interface HistogramData {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  readonly buckets: readonly (readonly [number, number])[];
}

/** A histogram as it was at one moment: sooner taken than `HistogramData`, and larger. */
export interface HistogramCopy {
  readonly count: number;
  readonly sum: number;
  /** By the number of the bucket. */
  readonly counts: Uint32Array<ArrayBuffer>;
}

/** Counts durations in milliseconds, in constant memory (9 KB). */
export interface Histogram {
  readonly count: number;
  /** Below 1 µs (also 0 and negative) counts as the smallest bucket, above 4.6 hours as the largest. */
  record(ms: number): void;
  reset(): void;
  toData(): HistogramData;
  copy(): HistogramCopy;
}

/** Buckets per octave: half a bucket's width is at most 1/128 of its value. */
const STEPS = 64;
const STEP_BITS = 6;
/** 2^−10 ms is just below a microsecond, 2^24 ms is 4.6 hours. */
const LOWEST_EXPONENT = -10;
const HIGHEST_EXPONENT = 24;
/** Number of buckets: indices are below it. */
export const BUCKET_COUNT = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * STEPS;
/** Bucket of what never came, behind all others. */
const NEVER = BUCKET_COUNT;
const LOWEST = 2 ** LOWEST_EXPONENT;
const OFFSET = (1023 + LOWEST_EXPONENT) * STEPS;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
const HIGH_WORD = words[1] === 0 ? 0 : 1;

/** The exponent and the first six bits of the mantissa of a double are the number of its log-linear bucket. */
export function bucketOf(ms: number): number {
  if (!(ms > LOWEST)) return 0;
  double[0] = ms;
  const index = ((words[HIGH_WORD] ?? 0) >>> (20 - STEP_BITS)) - OFFSET;
  return index < BUCKET_COUNT ? index : BUCKET_COUNT - 1;
}

/** The smallest value of a bucket, ms; that of the next one is its upper end. */
export function lowerEdgeOf(index: number): number {
  return 2 ** (LOWEST_EXPONENT + Math.floor(index / STEPS)) * (1 + (index % STEPS) / STEPS);
}

/** The middle of a bucket, ms; infinite for what never came. */
export function middleOf(index: number): number {
  if (index === NEVER) return Infinity;
  const octave = Math.floor(index / STEPS);
  return 2 ** (LOWEST_EXPONENT + octave) * (1 + ((index % STEPS) + 0.5) / STEPS);
}

/** A log-linear histogram: quantiles are within 0.8 % of the exact ones between 1 µs and 4.6 hours. */
export function createHistogram(): Histogram {
  const counts = new Uint32Array(BUCKET_COUNT);
  let count = 0;
  let sum = 0;
  let max = 0;

  return {
    get count() {
      return count;
    },
    record(ms) {
      const index = bucketOf(ms);
      counts[index] = (counts[index] ?? 0) + 1;
      count++;
      sum += ms;
      if (ms > max) max = ms;
    },
    reset() {
      counts.fill(0);
      count = 0;
      sum = 0;
      max = 0;
    },
    toData() {
      const buckets: [number, number][] = [];
      for (let index = 0; index < BUCKET_COUNT; index++) {
        const n = counts[index] ?? 0;
        if (n > 0) buckets.push([index, n]);
      }
      return { count, sum, max, buckets };
    },
    copy: () => ({ count, sum, counts: counts.slice() }),
  };
}

/**
 * The value of rank ⌈q × count⌉ (nearest rank), in milliseconds.
 *
 * @param q 0 to 1; 1 gives the exact maximum
 * @returns 0 when the histogram is empty: look at `count` first
 */
export function quantileOf(data: HistogramData, q: number): number {
  if (q >= 1 || data.count === 0) return data.max;
  let rank = Math.max(1, Math.ceil(q * data.count));
  for (const [index, n] of data.buckets) {
    rank -= n;
    if (rank <= 0) return Math.min(middleOf(index), data.max);
  }
  return data.max;
}

/** Quantiles by the names that they have in documents. */
export const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999, max: 1 } as const;

/** As `quantileOf`, of each of these names, ms. */
export function quantilesOf<K extends keyof typeof QUANTILES>(data: HistogramData, names: readonly K[]) {
  return Object.fromEntries(names.map((name) => [name, quantileOf(data, QUANTILES[name])])) as Record<K, number>;
}

/**
 * The samples with so many more that never came: each is longer than any that did, so a quantile that falls among them
 * is infinite.
 */
export function withNever({ count, sum, max, buckets }: HistogramData, never: number): HistogramData {
  if (never === 0) return { count, sum, max, buckets };
  return { count: count + never, sum, max: Infinity, buckets: [...buckets, [NEVER, never]] };
}

/** The histogram of all samples together. */
export function mergeHistograms(parts: Iterable<HistogramData>): HistogramData {
  const counts = new Map<number, number>();
  let count = 0;
  let sum = 0;
  let max = 0;
  for (const part of parts) {
    count += part.count;
    sum += part.sum;
    max = Math.max(max, part.max);
    for (const [index, n] of part.buckets) counts.set(index, (counts.get(index) ?? 0) + n);
  }
  return { count, sum, max, buckets: [...counts].sort((a, b) => a[0] - b[0]) };
}
