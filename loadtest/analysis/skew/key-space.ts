import { createRandom } from "../../stats/random.ts";

const USERS = 2 ** 31;

/**
 * Where many synthetic dialogs (random pairs of users, the same in every call) fall.
 *
 * @param place shard index of a dialog id, pins and splits left out
 * @param dialogs synthetic dialogs
 */
export function placeKeySpace(place: (dialog: string) => number, dialogs = 100_000): Uint16Array {
  const random = createRandom(0x5eed, 0);
  return Uint16Array.from({ length: dialogs }, () => {
    const a = 1 + random.below(USERS);
    const b = 1 + random.below(USERS);
    return place(a < b ? `${a}_${b}` : `${b}_${a}`);
  });
}

/** @returns dialogs per shard, Σ = dialogs */
export function countPlaces(places: Uint16Array, shards: number): number[] {
  const seen = Array.from({ length: shards }, () => 0);
  for (const shard of places) seen[shard]! += 1;
  return seen;
}

/**
 * What a placement really gives its shards of the key space, but for the error of a sample.
 *
 * @param place shard index of a dialog id, pins and splits left out
 * @param dialogs synthetic dialogs; the standard error of a share s is √(s/dialogs)
 * @returns dialogs per shard, Σ = dialogs
 */
export function sampleKeySpace(place: (dialog: string) => number, shards: number, dialogs = 100_000): number[] {
  return countPlaces(placeKeySpace(place, dialogs), shards);
}

/**
 * The shares of the key space that a placement gives its shards, estimated from a sample. What sampling alone explains
 * is taken out again by shrinking towards the intended shares (positive-part James–Stein; Efron & Morris 1973): an even
 * placement comes out even, or more nearly even than its sample, and an uneven one as it is.
 *
 * @param sample of `sampleKeySpace`
 * @param intended share that each shard is meant to get by its weight, Σ = 1; 0 for a drained shard
 */
export function keySpaceShares(sample: readonly number[], intended: readonly number[]): number[] {
  const dialogs = sample.reduce((sum, count) => sum + count, 0);
  let noise = 0;
  let spread = 0;
  intended.forEach((share, shard) => {
    noise += (share * (1 - share)) / dialogs;
    spread += (sample[shard]! / dialogs - share) ** 2;
  });
  const kept = spread > 0 ? Math.max(0, 1 - noise / spread) : 0;
  return intended.map((share, shard) => share + kept * (sample[shard]! / dialogs - share));
}
