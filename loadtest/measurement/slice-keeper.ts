import { quantilesOf } from "./histogram.ts";
import {
  EMPTY_HISTOGRAM,
  mergePacked,
  plainHistogram,
  smallHistogram,
  unpackHistogram,
  type PackedHistogram,
  type SmallHistogram,
} from "./packed-histogram.ts";
import type { Slice } from "./measurement.ts";

/** More slices than this are kept of no shard: five minutes by the second, an hour by sixteen seconds. */
export const MOST_SLICES = 300;

/** What is known of one shard over some whole seconds. */
export type SlicePart = Pick<Slice, "second" | "shard" | "acked" | "warmup"> & {
  readonly delivery?: PackedHistogram;
  readonly commit?: PackedHistogram;
};

/**
 * Keeps a run's slices in bounded memory: whenever there are more than `MOST_SLICES`, neighbours are added up, exactly,
 * and all slices become twice as long.
 */
export interface SliceKeeper {
  /** Parts of the same shard and slice add up, in any order. `second` is at least 0. */
  add(part: SlicePart): void;
  /** By time, then by shard in the order in which they first came. */
  slices(): Slice[];
}

interface Cell {
  acked: number;
  warmup: SmallHistogram;
  delivery: SmallHistogram;
  commit: SmallHistogram;
}

/** @param width seconds of a slice to begin with: a power of 2 */
export function createSliceKeeper(width = 1): SliceKeeper {
  let seconds = width;
  let shards = new Map<string, Map<number, Cell>>();

  function put(shard: string, index: number, cell: Cell): void {
    let cells = shards.get(shard);
    if (cells === undefined) shards.set(shard, (cells = new Map()));
    const old = cells.get(index);
    cells.set(index, old === undefined ? cell : together(old, cell));
  }

  function halve(): void {
    const finer = shards;
    seconds *= 2;
    shards = new Map([...finer.keys()].map((shard) => [shard, new Map()]));
    for (const [shard, cells] of finer) {
      for (const [index, cell] of cells) put(shard, Math.floor(index / 2), cell);
    }
  }

  return {
    add({ second, shard, acked, warmup, delivery, commit }) {
      while (Math.floor(second / seconds) >= MOST_SLICES) halve();
      put(shard, Math.floor(second / seconds), {
        acked,
        warmup: smallHistogram(warmup ?? EMPTY_HISTOGRAM),
        delivery: smallHistogram(delivery ?? EMPTY_HISTOGRAM),
        commit: smallHistogram(commit ?? EMPTY_HISTOGRAM),
      });
    },
    slices() {
      const all = [...shards].flatMap(([shard, cells]) =>
        [...cells].map(([index, cell]) => sliceOf(index * seconds, seconds, shard, cell)),
      );
      // Stable: shards of one moment keep their order.
      return all.sort((a, b) => a.second - b.second);
    },
  };
}

function together(a: Cell, b: Cell): Cell {
  return {
    acked: a.acked + b.acked,
    warmup: smallHistogram(mergePacked(a.warmup, b.warmup)),
    delivery: smallHistogram(mergePacked(a.delivery, b.delivery)),
    commit: smallHistogram(mergePacked(a.commit, b.commit)),
  };
}

function sliceOf(second: number, seconds: number, shard: string, { acked, warmup, delivery, commit }: Cell): Slice {
  const all = unpackHistogram(mergePacked(warmup, delivery));
  return {
    second,
    ...(seconds > 1 && { seconds }),
    shard,
    acked,
    deliveryMs: all.count === 0 ? null : quantilesOf(all, ["p50", "p95", "p99"]),
    ...(warmup.counts.length > 0 && { warmup: plainHistogram(warmup) }),
    delivery: plainHistogram(delivery),
    commit: plainHistogram(commit),
  };
}

/**
 * The slices of one run that several generators made: counts and histograms add up exactly. Slices of files that hold
 * no histograms keep their counts and lose their percentiles.
 */
export function mergeSlices(parts: Iterable<readonly Slice[]>): Slice[] {
  const all = [...parts].flat();
  const keeper = createSliceKeeper(Math.max(1, ...new Set(all.map(({ seconds = 1 }) => seconds))));
  for (const slice of all) keeper.add(slice);
  return keeper.slices();
}
