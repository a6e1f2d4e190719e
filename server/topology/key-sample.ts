import type { Segment } from "../placement/contract.ts";
import { RANGE_OPTIONS } from "../placement/range.ts";
import { parsePlacement } from "../placement/registry.ts";
import { listOption } from "../placement/faults.ts";
import { mix32 } from "../placement/hash.ts";

/** Odd, so that it goes once through every key of a sample whose size is a power of two. */
const SCATTER = 40_503;

/** Keys of a sample: a multiple of the slots of a table, so that each slot is met equally often. */
export const KEYS = 65_536;

/**
 * Where the keys of a sample fall under a segment, overrides left out.
 *
 * The sample is of hashes, as dialogs have them: evenly spread over the first 16 bits, which a ring looks at, and over
 * the 12 that name a slot; otherwise mixed. So for `slots` it is exact, for `ring` nearly, and for others the standard
 * error of a share s is √(s/keys).
 *
 * A placement by numbers hashes nothing, and how ids are spread is not known: the keys' are spread evenly, in an order
 * that has nothing to do with their hashes.
 *
 * @param keys of the sample; the same every time
 * @param ids the largest number of a key (see `likelyIds`)
 * @returns label of each key's shard
 */
export function placeKeys(segment: Segment, keys = KEYS, ids = likelyIds([segment])): string[] {
  const { entry, options } = parsePlacement(segment.placement);
  const placement = entry.make(segment.shards, options);
  const labels = segment.shards.map(({ label }) => label);
  return Array.from({ length: keys }, (_, i) => {
    const mixed = mix32(i + 1);
    if (placement.byNumber) {
      const number = 1 + Math.floor((ids * ((i * SCATTER) % keys)) / keys);
      return labels[placement.placeWords(Math.floor(number / 2 ** 32), number >>> 0)]!;
    }
    const high = ((reversed16(i) << 16) | (mixed & 0xf000) | (i & 0xfff)) >>> 0;
    return labels[placement.placeWords(high, mix32(mixed) >>> 0)]!;
  });
}

/**
 * How far ids may go under boundaries that fit them: as far beyond the last one as the ranges before it are wide. An
 * empty range at the end, of a shard that has joined, does not count.
 *
 * @param segments of which the first one with boundaries tells it
 * @returns 1 when there is none
 */
export function likelyIds(segments: readonly Segment[]): number {
  for (const { placement } of segments) {
    const { entry, options } = parsePlacement(placement);
    if (entry.shardsFor === undefined) continue;
    const at = listOption("at", options, RANGE_OPTIONS).filter((start) => start < Number.MAX_SAFE_INTEGER);
    const top = (at.at(-1)! * (at.length + 1)) / at.length;
    if (at.length > 0) return Math.floor(Math.min(top, Number.MAX_SAFE_INTEGER));
  }
  return 1;
}

/** The low 16 bits in reverse order: whatever many are taken, they are spread evenly. */
function reversed16(i: number): number {
  let bits = 0;
  for (let n = 0; n < 16; n++) bits |= ((i >>> n) & 1) << (15 - n);
  return bits;
}
