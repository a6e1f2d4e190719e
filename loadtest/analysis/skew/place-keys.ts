import type { Placement, WeightedShard } from "../../../server/placement/contract.ts";
import { dialogNumber } from "../../../server/placement/dialog.ts";
import { hashText } from "../../../server/placement/hash.ts";
import { parsePlacement } from "../../../server/placement/registry.ts";
import { SOME_MOMENT } from "./moment.ts";

/** Distinct keys with their messages, hashed once for every placement. */
export interface HashedKeys {
  /** Keys in use, from the first one on. */
  readonly size: number;
  /** The first 64 bits of each key's `hashText` with seed 0. */
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  /** The first 32 bits with the seed of a time bucket, or with `TIMED_SEED` for one moment. */
  readonly timed: Uint32Array;
  /** The key's `dialogNumber`, 0 when it has none: what is above its lower 32 bits, and these. */
  readonly numberHigh: Uint32Array;
  readonly numberLow: Uint32Array;
  /** Messages. */
  readonly counts: Float64Array;
}

/** A placement over shards, whose labels are numbers. */
export interface Layout {
  /** Name with options. */
  readonly placement: string;
  readonly shards: readonly WeightedShard[];
  /** What it is called where boundaries of its own would make many names of one placement; default: `placement`. */
  readonly name?: string;
}

/** What a layout makes of the keys. */
export interface PlacedKeys {
  /** Messages of each shard. */
  readonly loads: Float64Array;
  /** Keys of each shard. */
  readonly keys: Float64Array;
  /** Keys that live elsewhere today. */
  moved: number;
}

/**
 * Seed of the second hash: that of the default `time-bucket` for one moment, so that what is forecast is what happens.
 */
export const TIMED_SEED = parsePlacement("time-bucket")
  .entry.make([{ label: "00", weight: 1 }], {})
  .seed(SOME_MOMENT);

/** `count` shards of equal weight, with labels as `hotshard serve` makes them. */
export function equalShards(count: number): WeightedShard[] {
  return Array.from({ length: count }, (_, i) => ({ label: String(i).padStart(2, "0"), weight: 1 }));
}

/** Hashes keys that are at hand as text. */
export function hashKeys(dialogs: readonly { readonly dialog: string; readonly count: number }[]): HashedKeys {
  const words = new Uint32Array(4);
  const size = dialogs.length;
  const keys = emptyKeys(size);
  dialogs.forEach(({ dialog, count }, i) => {
    hashText(dialog, 0, words);
    keys.high[i] = words[0]!;
    keys.low[i] = words[1]!;
    hashText(dialog, TIMED_SEED, words);
    keys.timed[i] = words[0]!;
    const number = dialogNumber(dialog);
    keys.numberHigh[i] = number / 2 ** 32;
    keys.numberLow[i] = number;
    keys.counts[i] = count;
  });
  return keys;
}

/** Room for so many keys. Not in shared memory, which is slow to come by: there may be tens of thousands of minutes. */
export function emptyKeys(size: number): HashedKeys {
  const words = (): Uint32Array => new Uint32Array(size);
  return {
    size,
    high: words(),
    low: words(),
    timed: words(),
    numberHigh: words(),
    numberLow: words(),
    counts: new Float64Array(size),
  };
}

/** Numbers of the keys that have one, ascending; their length tells how many these are. */
export function numbersOf(blocks: readonly HashedKeys[]): Float64Array {
  const numbers = new Float64Array(blocks.reduce((sum, { size }) => sum + size, 0));
  let at = 0;
  for (const { size, numberHigh, numberLow } of blocks) {
    for (let i = 0; i < size; i += 1) {
      const number = numberHigh[i]! * 2 ** 32 + numberLow[i]!;
      if (number > 0) numbers[at++] = number;
    }
  }
  return numbers.subarray(0, at).sort();
}

/** A layout ready to be asked: making one costs more than placing many keys. */
export interface CompiledLayout {
  readonly placement: Placement;
  /** Labels of its shards, as numbers. */
  readonly labels: Uint16Array;
}

/** @throws {ConfigError} BAD_PLACEMENT */
export function compileLayouts(layouts: readonly Layout[]): CompiledLayout[] {
  return layouts.map(({ placement, shards }) => {
    const { entry, options } = parsePlacement(placement);
    return {
      placement: entry.make(shards, options),
      labels: Uint16Array.from(shards, ({ label }) => Number(label)),
    };
  });
}

/** Index of the shard of every key. A placement by time is asked for the moment of `timed`. */
export function shardsOf({ placement }: CompiledLayout, keys: HashedKeys): Uint16Array {
  const high = placement.byNumber ? keys.numberHigh : placement.byTime ? keys.timed : keys.high;
  const low = placement.byNumber ? keys.numberLow : keys.low;
  const indexes = new Uint16Array(keys.size);
  for (let i = 0; i < keys.size; i += 1) indexes[i] = placement.placeWords(high[i]!, low[i]!);
  return indexes;
}

/** Labels, as numbers, of the shards where the keys live. */
export function labelsOfKeys(layout: CompiledLayout, keys: HashedKeys): Uint16Array {
  return shardsOf(layout, keys).map((index) => layout.labels[index]!);
}

export function emptyPlaced(layouts: readonly Layout[]): PlacedKeys[] {
  return layouts.map(({ shards }) => ({
    loads: new Float64Array(shards.length),
    keys: new Float64Array(shards.length),
    moved: 0,
  }));
}

/**
 * Places every key by every layout and adds the outcome to `sums`, which are in the order of `layouts`.
 *
 * @param today label (as a number) of the shard of each key
 */
export function placeKeys(
  layouts: readonly CompiledLayout[],
  keys: HashedKeys,
  today: Uint16Array,
  sums: readonly PlacedKeys[],
): void {
  layouts.forEach((layout, l) => {
    const sum = sums[l]!;
    const indexes = shardsOf(layout, keys);
    for (let i = 0; i < keys.size; i += 1) {
      const shard = indexes[i]!;
      sum.loads[shard]! += keys.counts[i]!;
      sum.keys[shard]! += 1;
      if (layout.labels[shard] !== today[i]) sum.moved += 1;
    }
  });
}

/** Adds what another thread placed. */
export function addPlaced(to: readonly PlacedKeys[], from: readonly PlacedKeys[]): void {
  from.forEach(({ loads, keys, moved }, l) => {
    const sum = to[l]!;
    loads.forEach((load, shard) => (sum.loads[shard]! += load));
    keys.forEach((count, shard) => (sum.keys[shard]! += count));
    sum.moved += moved;
  });
}
