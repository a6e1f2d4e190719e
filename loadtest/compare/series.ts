import type { Slice } from "../drivers/contract.ts";
import type { Result } from "../report/result.ts";
import type { HistogramData } from "../traffic/histogram.ts";
import { mergeHistograms } from "../traffic/histogram.ts";
import { unpackHistogram, type PackedHistogram } from "../traffic/packed-histogram.ts";

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
  const labels = result.shards.map(({ label }) => label);
  return {
    labels,
    slices: starts.length,
    seconds,
    shards: labels.map((label) => {
      const own = slices.filter(({ shard }) => shard === label);
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

function cellHistograms(cells: number, placed: readonly Placed[]): CellHistograms {
  const parts = placed.flatMap(({ cell, packed }) =>
    packed === undefined || packed.counts.length === 0 ? [] : [{ cell, data: unpackHistogram(packed) }],
  );
  const total = mergeHistograms(parts.map(({ data }) => data));
  const buckets = Uint16Array.from(total.buckets, ([index]) => index);
  const column = new Map(total.buckets.map(([index], i) => [index, i]));
  const counts = new Float64Array(cells * buckets.length);
  for (const { cell, data } of parts) {
    for (const [index, count] of data.buckets) counts[cell * buckets.length + column.get(index)!]! += count;
  }
  return { buckets, counts, total };
}
