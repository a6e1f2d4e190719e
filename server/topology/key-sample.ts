import type { Segment } from "../placement/contract.ts";
import { parsePlacement } from "../placement/registry.ts";
import { mix32 } from "../placement/hash.ts";

/** Keys of a sample: a multiple of the slots of a table, so that each slot is met equally often. */
export const KEYS = 65_536;

/**
 * Where the keys of a sample fall under a segment, overrides left out.
 *
 * The sample is of hashes, as dialogs have them: evenly spread over the first 16 bits, which a ring looks at, and over
 * the 12 that name a slot; otherwise mixed. So for `slots` it is exact, for `ring` nearly, and for others the standard
 * error of a share s is √(s/keys).
 *
 * @param keys of the sample; the same every time
 * @returns label of each key's shard
 */
export function placeKeys(segment: Segment, keys = KEYS): string[] {
  const { entry, options } = parsePlacement(segment.placement);
  const placement = entry.make(segment.shards, options);
  const labels = segment.shards.map(({ label }) => label);
  return Array.from({ length: keys }, (_, i) => {
    const mixed = mix32(i + 1);
    const high = ((reversed16(i) << 16) | (mixed & 0xf000) | (i & 0xfff)) >>> 0;
    return labels[placement.placeHash(high, mix32(mixed) >>> 0)]!;
  });
}

/** The low 16 bits in reverse order: whatever many are taken, they are spread evenly. */
function reversed16(i: number): number {
  let bits = 0;
  for (let n = 0; n < 16; n++) bits |= ((i >>> n) & 1) << (15 - n);
  return bits;
}
