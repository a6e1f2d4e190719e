import type { Slice } from "../drivers/contract.ts";
import type { Result } from "../report/result.ts";
import type { HistogramData } from "../traffic/histogram.ts";
import { BUCKET_COUNT } from "../traffic/histogram.ts";
import type { PackedHistogram } from "../traffic/packed-histogram.ts";

/** More cells than this tell a bootstrap nothing more: longer runs have longer cells. */
const MOST_CELLS = 40;

/** Durations by cell: `counts` has one row of `buckets.length` counts per cell. */
export interface CellHistograms {
  /** Indices of the buckets that any cell uses, ascending. */
  readonly buckets: Uint16Array;
  readonly counts: Float64Array;
  readonly total: HistogramData;
}

export interface ShardSeries {
  /** Acknowledged messages by cell. */
  readonly acked: Float64Array;
  readonly delivery: CellHistograms;
  readonly commit: CellHistograms;
}

/** The measured phase of a run, cut into cells of equal length (the last may be shorter). */
export interface RunSeries {
  readonly labels: readonly string[];
  /** Whole slices in the measured phase, per shard: what the cells were made of. */
  readonly slices: number;
  /** Seconds of each cell. */
  readonly seconds: Float64Array;
  readonly shards: readonly ShardSeries[];
}

/**
 * Slices that lie only partly in the measured phase count for durations alone, in the cell next to them: a message that
 * was received while the run drained was sent in the measured phase.
 */
export function seriesOf(result: Result, slices: readonly Slice[]): RunSeries {
  const warmup = Number(result.run.dials["warmupS"] ?? 0);
  const end = warmup + result.run.durationS;
  const isWhole = ({ second, seconds = 1 }: Slice) => second >= warmup - 1e-9 && second + seconds <= end + 1e-9;
  const whole = slices.filter(isWhole);
  const starts = [...new Set(whole.map(({ second }) => second))].sort((a, b) => a - b);
  const group = Math.max(1, Math.ceil(starts.length / MOST_CELLS));
  const cells = Math.ceil(starts.length / group);
  const first = starts[0] ?? 0;
  const length = whole[0]?.seconds ?? 1;
  const cellOf = (second: number) => Math.max(0, Math.min(cells - 1, Math.floor((second - first) / (length * group))));
  const seconds = new Float64Array(cells);
  for (const second of starts) seconds[cellOf(second)]! += length;
  const byShard = Map.groupBy(slices, ({ shard }) => shard);
  const labels = result.shards.map(({ label }) => label);
  return {
    labels,
    slices: starts.length,
    seconds,
    shards: labels.map((label) => {
      const own = byShard.get(label) ?? [];
      const acked = new Float64Array(cells);
      for (const slice of own) if (isWhole(slice)) acked[cellOf(slice.second)]! += slice.acked;
      const place = (name: "delivery" | "commit") =>
        cellHistograms(
          cells,
          own.map((slice) => ({ cell: cellOf(slice.second), packed: slice[name] })),
        );
      return { acked, delivery: place("delivery"), commit: place("commit") };
    }),
  };
}

interface Placed {
  readonly cell: number;
  readonly packed: PackedHistogram | undefined;
}

/** Read as it is packed: an hour on 64 shards has millions of buckets. */
function cellHistograms(cells: number, placed: readonly Placed[]): CellHistograms {
  const totals = new Float64Array(BUCKET_COUNT);
  for (const { packed } of placed) eachBucket(packed, (index, count) => (totals[index]! += count));
  const buckets = Uint16Array.from([...totals.keys()].filter((index) => totals[index]! > 0));
  const column = new Uint16Array(BUCKET_COUNT);
  buckets.forEach((index, i) => (column[index] = i));
  const counts = new Float64Array(cells * buckets.length);
  for (const { cell, packed } of placed) {
    const start = cell * buckets.length;
    eachBucket(packed, (index, count) => (counts[start + column[index]!]! += count));
  }
  const parts = placed.flatMap(({ packed }) => packed ?? []);
  const total: HistogramData = {
    count: totals.reduce((sum, count) => sum + count, 0),
    sum: parts.reduce((sum, packed) => sum + packed.sum, 0),
    max: parts.reduce((most, packed) => Math.max(most, packed.max), 0),
    buckets: Array.from(buckets, (index) => [index, totals[index]!] as const),
  };
  return { buckets, counts, total };
}

function eachBucket(packed: PackedHistogram | undefined, take: (index: number, count: number) => void): void {
  const counts = packed?.counts ?? [];
  let index = -1;
  for (let i = 0; i + 1 < counts.length; i += 2) {
    index = Math.min(BUCKET_COUNT - 1, index + counts[i]!);
    take(index, counts[i + 1]!);
  }
}

/**
 * The same run with cells that overlap: cell i holds what cells i … i + length − 1 held, going round at the end. A bootstrap
 * that draws one of these draws a whole block, and adds up so many rows fewer.
 */
export function inBlocks(series: RunSeries, length: number): RunSeries {
  const cells = series.seconds.length;
  const blocked = (values: Float64Array): Float64Array => {
    const width = values.length / cells;
    const sums = new Float64Array(values.length);
    for (let cell = 0; cell < cells; cell += 1) {
      for (let step = 0; step < length; step += 1) {
        const from = ((cell + step) % cells) * width;
        for (let i = 0; i < width; i += 1) sums[cell * width + i]! += values[from + i]!;
      }
    }
    return sums;
  };
  const histograms = (one: CellHistograms): CellHistograms => ({ ...one, counts: blocked(one.counts) });
  return {
    ...series,
    seconds: blocked(series.seconds),
    shards: series.shards.map(({ acked, delivery, commit }) => ({
      acked: blocked(acked),
      delivery: histograms(delivery),
      commit: histograms(commit),
    })),
  };
}
