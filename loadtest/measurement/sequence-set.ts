/** Most numbers above the contiguous part that are told apart: 8 KB of bits. */
export const WINDOW = 65_536;

/** Numbers seen so far, counted from 1: all up to `low`, and the bits of a ring above it. */
export interface SequenceSet {
  low: number;
  bits: Uint32Array | null;
  /** Bits set in the ring. */
  above: number;
}

export function createSequenceSet(): SequenceSet {
  return { low: 0, bits: null, above: 0 };
}

/**
 * Adds one number. In order it costs nothing; memory grows only over holes, up to 8 KB.
 *
 * @param overflow when the number is more than `WINDOW` above `low`: `forget` takes the oldest holes as filled,
 *   `ignore` leaves the number out
 * @returns false when the number was in the set already (or was left out)
 */
export function addToSequence(set: SequenceSet, seq: number, overflow: "forget" | "ignore"): boolean {
  if (seq <= set.low) return false;
  if (seq === set.low + 1) {
    set.low = seq;
    if (set.above > 0) absorb(set);
    return true;
  }
  if (seq - set.low > WINDOW) {
    if (overflow === "ignore") return false;
    while (seq - set.low > WINDOW) fillHole(set);
    return addToSequence(set, seq, overflow);
  }
  const bits = ringFor(set, seq - set.low);
  const word = (seq >>> 5) & (bits.length - 1);
  const bit = 1 << (seq & 31);
  const before = bits[word] ?? 0;
  if ((before & bit) !== 0) return false;
  bits[word] = before | bit;
  set.above++;
  return true;
}

/** Moves `low` over the numbers that follow it without a hole. */
function absorb(set: SequenceSet): void {
  while (set.above > 0 && takeBit(set, set.low + 1)) {
    set.low++;
    set.above--;
  }
}

function fillHole(set: SequenceSet): void {
  set.low++;
  if (takeBit(set, set.low)) set.above--;
  if (set.above > 0) absorb(set);
}

function takeBit(set: SequenceSet, seq: number): boolean {
  const { bits } = set;
  if (bits === null) return false;
  const word = (seq >>> 5) & (bits.length - 1);
  const bit = 1 << (seq & 31);
  const before = bits[word] ?? 0;
  if ((before & bit) === 0) return false;
  bits[word] = before & ~bit;
  return true;
}

/** A ring of a power of two of words that can hold `reach` numbers above `low`. */
function ringFor(set: SequenceSet, reach: number): Uint32Array {
  const old = set.bits;
  if (old !== null && reach <= old.length * 32) return old;
  let length = old === null ? 1 : old.length;
  while (length * 32 < reach) length *= 2;
  const bits = new Uint32Array(length);
  if (old !== null) {
    for (let seq = set.low + 1; seq <= set.low + old.length * 32; seq++) {
      if (takeBit(set, seq)) {
        const word = (seq >>> 5) & (length - 1);
        bits[word] = (bits[word] ?? 0) | (1 << (seq & 31));
      }
    }
  }
  set.bits = bits;
  return bits;
}
