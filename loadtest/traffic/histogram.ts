/** Sparse counts of a histogram: JSON-able and mergeable. `buckets` holds [index, count] pairs, ascending. */
export interface HistogramData {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  readonly buckets: readonly (readonly [number, number])[];
}
