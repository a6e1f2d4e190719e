import { BUCKET_COUNT, lowerEdgeOf } from "../../measurement/histogram.ts";
import type { CellHistograms, RunSeries, ShardSeries } from "./series.ts";

/** One figure of a run that is compared. */
export interface Measure {
  readonly metric: (typeof TIMES)[number]["metric"] | "throughput" | "skew.maxOverMean";
  /** Label; null: all shards together. */
  readonly shard: string | null;
}

const TIMES = [
  { name: "delivery", q: 0.5, metric: "delivery.p50" },
  { name: "delivery", q: 0.95, metric: "delivery.p95" },
  { name: "delivery", q: 0.99, metric: "delivery.p99" },
  { name: "commit", q: 0.5, metric: "commit.p50" },
  { name: "commit", q: 0.95, metric: "commit.p95" },
  { name: "commit", q: 0.99, metric: "commit.p99" },
] as const;

/** How many figures before that of a quantile the median of the same durations stands. */
export function placesToMedian(q: number): number {
  const of = TIMES.filter(({ name }) => name === "delivery");
  return of.findIndex((one) => one.q === q);
}

const here = (shard: string | null): Measure[] => [
  ...TIMES.map(({ metric }) => ({ metric, shard })),
  { metric: "throughput", shard },
];

/** Figures per place: the times and the throughput; those of all shards together come first, with the skew. */
export function measuresOf(labels: readonly string[]): Measure[] {
  return [...here(null), { metric: "skew.maxOverMean", shard: null }, ...labels.flatMap(here)];
}

/** Samples that a figure rests on, in the order of `measuresOf`; the skew and throughput rest on messages. */
export function samplesOf(series: RunSeries): number[] {
  const here = series.shards.map((shard) => ({
    times: TIMES.map(({ name }) => shard[name].total.count),
    acked: sumOf(shard.acked),
  }));
  const times = TIMES.map((_, i) => here.reduce((sum, shard) => sum + shard.times[i]!, 0));
  const acked = here.reduce((sum, shard) => sum + shard.acked, 0);
  return [...times, acked, acked, ...here.flatMap((shard) => [...shard.times, shard.acked])];
}

/** Fewest samples that a figure is taken from: ten lie above a p95 or a p99. */
export function leastSamples({ metric }: Measure): number {
  return metric.endsWith("p99") ? 1_000 : metric.endsWith("p95") ? 200 : 30;
}

/** A figure as the sum of what its cells add. */
export interface Taken {
  /** Its natural logarithm; NaN without samples. */
  readonly log: number;
  /**
   * What each cell adds to the figure's deviation, to first order (its influence; Hampel, J. Amer. Statist. Assoc. 69,
   * 1974); the sum is 0. Of the logarithm; of a quantile: of the share of samples that lie below it.
   */
  readonly influence: Float64Array;
  readonly quantile: Quantile | null;
}

export interface Quantile {
  /** 0.5…1. */
  readonly q: number;
  /**
   * Cells that would have the samples above it, were these spread evenly: (Σ x)² ÷ Σ x² (Kish, Survey Sampling, 1965).
   */
  readonly cellsAbove: number;
  /**
   * ln of the quantile at a share of the samples, 0…1, interpolated inside its bucket so that it moves with the data.
   */
  readonly logAt: (share: number) => number;
}

/** Messages of a shard without any: its logarithm is finite. */
const NEARLY_NONE = 0.5;

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * All figures of `measuresOf`, in its order. Quantiles are of all messages together, not means of cells' quantiles.
 */
export function takeMeasures(series: RunSeries): Taken[] {
  const { seconds, shards } = series;
  const everything = Float64Array.from(seconds, (_, i) => shards.reduce((sum, { acked }) => sum + acked[i]!, 0));
  const times = (places: readonly ShardSeries[]) => timesOf(places, seconds.length);
  return [
    ...times(shards),
    throughputOf(everything, seconds),
    skewOf(shards),
    ...shards.flatMap((shard) => [...times([shard]), throughputOf(shard.acked, seconds)]),
  ];
}

function throughputOf(acked: Float64Array, seconds: Float64Array): Taken {
  const [total, time] = [sumOf(acked), sumOf(seconds)];
  const influence = acked.map((here, i) => (total === 0 ? 0 : here / total - seconds[i]! / time));
  return { log: Math.log(Math.max(total, NEARLY_NONE) / time), influence, quantile: null };
}

/** Of the messages that were due, as far as the slices tell which failed: a shard that refuses is no less hot. */
function skewOf(shards: readonly ShardSeries[]): Taken {
  const due = shards.map(({ acked, failed }) => acked.map((count, i) => count + failed[i]!));
  const totals = due.map(sumOf);
  const [total, largest] = [totals.reduce((sum, one) => sum + one, 0), Math.max(...totals)];
  const fullest = due[totals.indexOf(largest)]!;
  const influence = fullest.map((here, i) =>
    total === 0 ? 0 : here / largest - due.reduce((sum, one) => sum + one[i]!, 0) / total,
  );
  return { log: Math.log((largest * shards.length) / total), influence, quantile: null };
}

function timesOf(places: readonly ShardSeries[], cells: number): Taken[] {
  const distributions = {
    delivery: distributionOf(places.map(({ delivery }) => delivery)),
    commit: distributionOf(places.map(({ commit }) => commit)),
  };
  return TIMES.map(({ name, q }) => {
    const distribution = distributions[name];
    const parts = places.map((place) => place[name]);
    return {
      log: logQuantile(distribution, q),
      influence: overCells(parts, distribution, q, cells, (below) => (below - q) / distribution.total),
      quantile: {
        q,
        cellsAbove: evenly(overCells(parts, distribution, q, cells, (below) => 1 - below)),
        logAt: (share) => logQuantile(distribution, share),
      },
    };
  });
}

interface Distribution {
  /** Samples by bucket. */
  readonly counts: Float64Array;
  readonly total: number;
}

function distributionOf(parts: readonly CellHistograms[]): Distribution {
  const counts = new Float64Array(BUCKET_COUNT);
  for (const { total } of parts) for (const [index, count] of total.buckets) counts[index]! += count;
  return { counts, total: sumOf(counts) };
}

/**
 * The bucket in which a quantile lies, and the share of its samples that lie below the quantile; null without samples.
 */
function placeOf({ counts, total }: Distribution, q: number): { index: number; below: number } | null {
  let rank = q * total;
  let last = null;
  for (let index = 0; index < counts.length; index += 1) {
    const here = counts[index]!;
    if (here === 0) continue;
    if (rank <= here) return { index, below: rank / here };
    rank -= here;
    last = { index, below: 1 };
  }
  return last;
}

function logQuantile(distribution: Distribution, q: number): number {
  const place = placeOf(distribution, q);
  if (place === null) return Number.NaN;
  const low = lowerEdgeOf(place.index);
  return Math.log(low + place.below * (lowerEdgeOf(place.index + 1) - low));
}

/**
 * By cell, the sum over its samples.
 *
 * @param worth of a sample of which this share lies below the q-quantile: 1, 0, or a part of it in the quantile's own
 *   bucket
 */
function overCells(
  parts: readonly CellHistograms[],
  all: Distribution,
  q: number,
  cells: number,
  worth: (below: number) => number,
): Float64Array {
  const sums = new Float64Array(cells);
  const place = placeOf(all, q);
  if (place === null) return sums;
  for (const { buckets, counts } of parts) {
    const width = buckets.length;
    const adds = Float64Array.from(buckets, (index) =>
      worth(index < place.index ? 1 : index > place.index ? 0 : place.below),
    );
    for (let cell = 0; cell < cells; cell += 1) {
      let sum = 0;
      for (let i = 0; i < width; i += 1) sum += counts[cell * width + i]! * adds[i]!;
      sums[cell]! += sum;
    }
  }
  return sums;
}

function evenly(counts: Float64Array): number {
  const squares = dot(counts, counts);
  return squares === 0 ? 0 : sumOf(counts) ** 2 / squares;
}
