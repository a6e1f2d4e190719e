import { ConfigError } from "../../server/config-error.ts";
import type { HashedKeys } from "../analysis/skew/place-keys.ts";

/** Keys of a block; a power of two. */
const BLOCK_BITS = 18;
const BLOCK = 1 << BLOCK_BITS;
/** More would need nearly three gigabytes. */
const MOST_KEYS = 64_000_000;

/** A run of keys in shared memory, so that worker threads place them without a copy. */
export interface KeyBlock {
  /** Keys in use, from the first one on. */
  readonly size: number;
  /** The first 64 bits of each key's hash with seed 0. */
  readonly high: Uint32Array<SharedArrayBuffer>;
  readonly low: Uint32Array<SharedArrayBuffer>;
  /** The first 32 bits of its hash with the seed of a placement by time. */
  readonly timed: Uint32Array<SharedArrayBuffer>;
  /** The key's `dialogNumber` in two words. */
  readonly numberHigh: Uint32Array<SharedArrayBuffer>;
  readonly numberLow: Uint32Array<SharedArrayBuffer>;
  /** Messages. */
  readonly counts: Float64Array<SharedArrayBuffer>;
}

/**
 * Messages per distinct key. Keys are known by 64 bits of hash: ten million meet a twin with a chance of 3 in a
 * million.
 */
export interface KeyTable {
  /** @returns the key's index, by the order in which keys were first seen */
  indexOf(high: number, low: number): number;
  /** True when the last `indexOf` met a new key: then `setTimed` wants its second hash, `setNumber` its number. */
  isNew(): boolean;
  setTimed(index: number, timed: number): void;
  setNumber(index: number, number: number): void;
  /** @returns the key's messages so far */
  add(index: number, count: number): number;
  count(index: number): number;
  size(): number;
  blocks(): KeyBlock[];
  /** Block and offset of a key, for who gathers a few of them. */
  copyKey(index: number, to: HashedKeys, at: number): void;
}

function createBlock(keys: number): { -readonly [K in keyof KeyBlock]: KeyBlock[K] } {
  const words = (): Uint32Array<SharedArrayBuffer> => new Uint32Array(new SharedArrayBuffer(keys * 4));
  return {
    size: 0,
    high: words(),
    low: words(),
    timed: words(),
    numberHigh: words(),
    numberLow: words(),
    counts: new Float64Array(new SharedArrayBuffer(keys * 8)),
  };
}

/**
 * An open-addressing index (linear probing, at most two thirds full) over blocks that never move, 28 bytes a key and 12
 * to 24 of index. A slot holds the first half of the hash beside the index, so that a miss costs one look at memory,
 * not two.
 *
 * @throws {ConfigError} TOO_MANY_KEYS beyond 64 million keys
 */
export function createKeyTable(): KeyTable {
  const blocks: ReturnType<typeof createBlock>[] = [];
  let size = 0;
  let fresh = false;
  // Two words a slot: index + 1, or 0 when it is free, and the first half of the hash.
  let slots = new Uint32Array(1 << 17);

  function grow(): void {
    const wider = new Uint32Array(slots.length * 2);
    const mask = wider.length - 1;
    for (let index = 0; index < size; index += 1) {
      const block = blocks[index >>> BLOCK_BITS]!;
      const at = index & (BLOCK - 1);
      let slot = (block.low[at]! << 1) & mask;
      while (wider[slot] !== 0) slot = (slot + 2) & mask;
      wider[slot] = index + 1;
      wider[slot + 1] = block.high[at]!;
    }
    slots = wider;
  }

  function append(high: number, low: number): number {
    if (size === MOST_KEYS) {
      throw new ConfigError(
        "TOO_MANY_KEYS",
        "more than 64 million distinct keys: give a sample of the keys, by a hash of the key",
      );
    }
    if ((size & (BLOCK - 1)) === 0) blocks.push(createBlock(BLOCK));
    const block = blocks[size >>> BLOCK_BITS]!;
    block.high[block.size] = high;
    block.low[block.size] = low;
    block.size += 1;
    size += 1;
    return size - 1;
  }

  return {
    indexOf(high, low) {
      const mask = slots.length - 1;
      let slot = (low << 1) & mask;
      for (let held = slots[slot]!; held !== 0; held = slots[slot]!) {
        const index = held - 1;
        if (slots[slot + 1] === high && blocks[index >>> BLOCK_BITS]!.low[index & (BLOCK - 1)] === low) {
          fresh = false;
          return index;
        }
        slot = (slot + 2) & mask;
      }
      fresh = true;
      slots[slot] = size + 1;
      slots[slot + 1] = high;
      const index = append(high, low);
      if (size * 3 > slots.length) grow();
      return index;
    },
    isNew: () => fresh,
    setTimed(index, timed) {
      blocks[index >>> BLOCK_BITS]!.timed[index & (BLOCK - 1)] = timed;
    },
    setNumber(index, number) {
      const block = blocks[index >>> BLOCK_BITS]!;
      const at = index & (BLOCK - 1);
      block.numberHigh[at] = number / 2 ** 32;
      block.numberLow[at] = number;
    },
    add(index, count) {
      const { counts } = blocks[index >>> BLOCK_BITS]!;
      const at = index & (BLOCK - 1);
      return (counts[at]! += count);
    },
    count: (index) => blocks[index >>> BLOCK_BITS]!.counts[index & (BLOCK - 1)]!,
    size: () => size,
    blocks: () => blocks,
    copyKey(index, to, at) {
      const block = blocks[index >>> BLOCK_BITS]!;
      const from = index & (BLOCK - 1);
      to.high[at] = block.high[from]!;
      to.low[at] = block.low[from]!;
      to.timed[at] = block.timed[from]!;
      to.numberHigh[at] = block.numberHigh[from]!;
      to.numberLow[at] = block.numberLow[from]!;
    },
  };
}
