import { BUCKET_COUNT, lowerEdgeOf } from "../traffic/histogram.ts";
import type { CellHistograms, RunSeries } from "./series.ts";

/** One figure of a run that is compared. */
export interface Measure {
  readonly metric: "delivery.p50" | "delivery.p99" | "commit.p50" | "commit.p99" | "throughput" | "skew.maxOverMean";
  /** Label; null: all shards together. */
  readonly shard: string | null;
}

const TIMES = [
  { name: "delivery", q: 0.5, metric: "delivery.p50" },
  { name: "delivery", q: 0.99, metric: "delivery.p99" },
  { name: "commit", q: 0.5, metric: "commit.p50" },
  { name: "commit", q: 0.99, metric: "commit.p99" },
] as const;

const here = (shard: string | null): Measure[] => [
  ...TIMES.map(({ metric }) => ({ metric, shard })),
  { metric: "throughput", shard },
];

/** Figures per place: the four times and the throughput; those of all shards together come first, with the skew. */
export function measuresOf(labels: readonly string[]): Measure[] {
  return [...here(null), { metric: "skew.maxOverMean", shard: null }, ...labels.flatMap(here)];
}

/** Samples that a figure rests on, in the order of `measuresOf`; the skew and throughput rest on messages. */
export function samplesOf(series: RunSeries): number[] {
  const here = series.shards.map((shard) => ({
    times: TIMES.map(({ name }) => shard[name].total.count),
    acked: shard.acked.reduce((sum, value) => sum + value, 0),
  }));
  const times = TIMES.map((_, i) => here.reduce((sum, shard) => sum + shard.times[i]!, 0));
  const acked = here.reduce((sum, shard) => sum + shard.acked, 0);
  return [...times, acked, acked, ...here.flatMap((shard) => [...shard.times, shard.acked])];
}

/** Fewest samples that a figure is taken from: ten lie above a p99. */
export function leastSamples({ metric }: Measure): number {
  return metric.endsWith("p99") ? 1_000 : 30;
}

type Cells = Pick<CellHistograms, "buckets" | "counts">;

/** Adds up the rows of the cells, each as often as its weight says. */
function weighted({ buckets, counts }: Cells, weights: Float64Array, into: Float64Array): void {
  const width = buckets.length;
  into.fill(0, 0, width);
  for (let cell = 0; cell < weights.length; cell += 1) {
    const weight = weights[cell]!;
    if (weight === 0) continue;
    const start = cell * width;
    for (let i = 0; i < width; i += 1) into[i]! += weight * counts[start + i]!;
  }
}

/** ln of the q-quantile, interpolated inside its bucket so that it moves with the data; NaN without samples. */
function logQuantile(buckets: Uint16Array, counts: Float64Array, q: number): number {
  const width = buckets.length;
  let total = 0;
  for (let i = 0; i < width; i += 1) total += counts[i]!;
  let rank = q * total;
  for (let i = 0; i < width; i += 1) {
    const here = counts[i]!;
    if (here > 0 && rank <= here) {
      const index = buckets[i]!;
      const low = lowerEdgeOf(index);
      return Math.log(low + (rank / here) * (lowerEdgeOf(index + 1) - low));
    }
    rank -= here;
  }
  return Number.NaN;
}

/** Messages of a shard without any: its logarithm is finite. */
const NEARLY_NONE = 0.5;

function dot(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]! * weights[i]!;
  return sum;
}

/**
 * Natural logarithms of all figures of `measuresOf`, for a run in which cell i counts weights[i] times. Quantiles are of
 * all messages together, not means of cells' quantiles. The array is used again by the next call.
 */
export function createLogValues(series: RunSeries): (weights: Float64Array) => Float64Array {
  const perShard = TIMES.length + 1;
  const values = new Float64Array(perShard + 1 + perShard * series.shards.length);
  const here = new Float64Array(BUCKET_COUNT);
  const cells = series.seconds.length;
  const all = {
    delivery: allShards(
      series.shards.map(({ delivery }) => delivery),
      cells,
    ),
    commit: allShards(
      series.shards.map(({ commit }) => commit),
      cells,
    ),
  };

  function putTimes(place: Record<"delivery" | "commit", Cells>, start: number, weights: Float64Array): void {
    for (const name of ["delivery", "commit"] as const) {
      const { buckets } = place[name];
      weighted(place[name], weights, here);
      TIMES.forEach((time, i) => {
        if (time.name === name) values[start + i] = logQuantile(buckets, here, time.q);
      });
    }
  }

  return (weights) => {
    const seconds = dot(series.seconds, weights);
    let [total, largest] = [0, 0];
    series.shards.forEach((shard, s) => {
      const start = perShard + 1 + s * perShard;
      putTimes(shard, start, weights);
      const acked = dot(shard.acked, weights);
      values[start + TIMES.length] = Math.log(Math.max(acked, NEARLY_NONE) / seconds);
      total += acked;
      largest = Math.max(largest, acked);
    });
    putTimes(all, 0, weights);
    values[TIMES.length] = Math.log(total / seconds);
    values[TIMES.length + 1] = Math.log((largest * series.shards.length) / total);
    return values;
  };
}

/** Of every cell the durations of all shards, added up once and not for every resample. */
function allShards(parts: readonly Cells[], cells: number): Cells {
  const used = new Uint8Array(BUCKET_COUNT);
  for (const { buckets } of parts) for (const index of buckets) used[index] = 1;
  const buckets = Uint16Array.from([...used.keys()].filter((index) => used[index] === 1));
  const column = new Uint16Array(BUCKET_COUNT);
  buckets.forEach((index, i) => (column[index] = i));
  const counts = new Uint32Array(cells * buckets.length);
  for (const part of parts) {
    const width = part.buckets.length;
    part.counts.forEach((count, i) => {
      counts[Math.floor(i / width) * buckets.length + column[part.buckets[i % width]!]!]! += count;
    });
  }
  return { buckets, counts };
}
