import type { Slice } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";
import type { HistogramData } from "../../measurement/histogram.ts";
import { BUCKET_COUNT } from "../../measurement/histogram.ts";
import type { PackedHistogram } from "../../measurement/packed-histogram.ts";

/** More cells than this tell little more of their correlation: longer runs have longer cells. */
const MOST_CELLS = 60;

/** Fewer whole slices of the measured phase than this show nothing of a run's own noise. */
export const LEAST_SLICES = 8;

/** What of a run its slices are cut by. */
export interface SeriesScope {
  readonly run: Pick<Result["run"], "dials" | "durationS">;
  readonly shards: readonly { readonly label: string }[];
}

/** Durations by cell: `counts` has one row of `buckets.length` counts per cell. */
export interface CellHistograms {
  /** Indices of the buckets that any cell uses, ascending. */
  readonly buckets: Uint16Array;
  readonly counts: Uint32Array;
  readonly total: HistogramData;
}

export interface ShardSeries {
  /** Acknowledged messages by cell. */
  readonly acked: Float64Array;
  /** Messages that were due and failed, by cell. */
  readonly failed: Float64Array;
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
export function seriesOf(result: SeriesScope, slices: Iterable<Slice>): RunSeries {
  const maker = createSeries(result);
  for (const slice of slices) maker.add(slice);
  return maker.series();
}

/** Takes slices one by one and keeps none of them: an hour on 64 shards has millions of buckets. */
export interface SeriesMaker {
  /** All slices of a run are of one length; those of shards that `result` does not name are left out. */
  add(slice: Slice): void;
  series(): RunSeries;
}

/** As `seriesOf`, for slices that are never there all at once. */
export function createSeries(result: SeriesScope): SeriesMaker {
  const labels = result.shards.map(({ label }) => label);
  const starts = new Set<number>();
  let cells: TimeCells | null = null;
  let places: Map<string, Place> | null = null;
  return {
    add(slice) {
      cells ??= timeCells(result, slice.seconds ?? 1);
      places ??= new Map(labels.map((label) => [label, createPlace(cells!.seconds.length)]));
      const { second, shard, acked, failed = {}, delivery, commit } = slice;
      const place = places.get(shard);
      const isWhole = cells.isWhole(second);
      if (isWhole) starts.add(second);
      if (place === undefined || cells.seconds.length === 0) return;
      const cell = cells.of(second);
      if (isWhole) {
        place.acked[cell]! += acked;
        for (const count of Object.values(failed)) place.failed[cell]! += count;
      }
      if (delivery !== undefined) addPacked(place.delivery, cell, delivery);
      if (commit !== undefined) addPacked(place.commit, cell, commit);
    },
    series() {
      const seconds = cells?.seconds ?? new Float64Array(0);
      const shards = labels.map((label) => {
        const { delivery, commit, ...counts } = places?.get(label) ?? createPlace(seconds.length);
        const durations = {
          delivery: usedBuckets(delivery, seconds.length),
          commit: usedBuckets(commit, seconds.length),
        };
        return { ...counts, ...durations };
      });
      return { labels, slices: starts.size, seconds, shards };
    },
  };
}

interface TimeCells {
  readonly seconds: Float64Array;
  /** The slice that begins at this second lies in the measured phase as a whole. */
  isWhole(second: number): boolean;
  /** The cell of the slice that begins at this second, or the one next to it. */
  of(second: number): number;
}

/** By the clock, not by the slices that are there: a second in which no message came is one of low throughput. */
function timeCells(result: Pick<SeriesScope, "run">, length: number): TimeCells {
  const warmup = Number(result.run.dials["warmupS"] ?? 0);
  const end = warmup + result.run.durationS;
  const first = Math.ceil((warmup - 1e-9) / length) * length;
  const slices = Math.max(0, Math.floor((end - first + 1e-9) / length));
  const group = Math.max(1, Math.ceil(slices / MOST_CELLS));
  const seconds = new Float64Array(Math.ceil(slices / group)).fill(length * group);
  if (slices % group > 0) seconds[seconds.length - 1] = length * (slices % group);
  return {
    seconds,
    isWhole: (second) => second >= first && second < first + slices * length,
    of: (second) => Math.max(0, Math.min(seconds.length - 1, Math.floor((second - first) / (length * group)))),
  };
}

interface Place {
  readonly acked: Float64Array;
  readonly failed: Float64Array;
  readonly delivery: Wide;
  readonly commit: Wide;
}

/**
 * Before it is known which buckets are used: `counts` has `BUCKET_COUNT` counts per cell, all others than `used` are 0.
 */
interface Wide {
  readonly counts: Uint32Array;
  readonly used: Uint8Array;
  sum: number;
  max: number;
}

function createPlace(cells: number): Place {
  const wide = (): Wide => ({
    counts: new Uint32Array(cells * BUCKET_COUNT),
    used: new Uint8Array(BUCKET_COUNT),
    sum: 0,
    max: 0,
  });
  return { acked: new Float64Array(cells), failed: new Float64Array(cells), delivery: wide(), commit: wide() };
}

function addPacked(into: Wide, cell: number, { sum, max, counts }: PackedHistogram): void {
  const row = cell * BUCKET_COUNT;
  let index = -1;
  for (let i = 0; i + 1 < counts.length; i += 2) {
    index = Math.min(BUCKET_COUNT - 1, index + counts[i]!);
    into.counts[row + index]! += counts[i + 1]!;
    into.used[index] = 1;
  }
  into.sum += sum;
  into.max = Math.max(into.max, max);
}

function usedBuckets({ counts: wide, used, sum, max }: Wide, cells: number): CellHistograms {
  const buckets = Uint16Array.from([...used.keys()].filter((index) => used[index] === 1));
  const width = buckets.length;
  const counts = new Uint32Array(cells * width);
  const totals = new Float64Array(width);
  for (let cell = 0; cell < cells; cell += 1) {
    for (let i = 0; i < width; i += 1) {
      const count = wide[cell * BUCKET_COUNT + buckets[i]!]!;
      counts[cell * width + i] = count;
      totals[i]! += count;
    }
  }
  const total: HistogramData = {
    count: totals.reduce((all, count) => all + count, 0),
    sum,
    max,
    buckets: Array.from(buckets, (index, i) => [index, totals[i]!] as const),
  };
  return { buckets, counts, total };
}
