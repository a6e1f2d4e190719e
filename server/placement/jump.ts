import { byHash } from "./by-hash.ts";
import { optionFaults, rejectFaults, shardFaults, weightFaults } from "./faults.ts";
import type { PlacementFactory } from "./contract.ts";

/**
 * Jump consistent hash: shards are known by their place in the list, so only the last may leave and new ones join at
 * the end; then exactly the ideal share moves. No state; O(log shards) a call.
 *
 * @param shards of equal weight: the algorithm has no weights
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const jump: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [
    ...shardFaults(shards),
    ...weightFaults("jump", shards),
    ...optionFaults("jump", options, {}),
  ]);
  const count = shards.length;
  return byHash("jump", (high, low) => jumpHash(high, low, count));
};

/**
 * Lamping & Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014), with the 64-bit generator in two words.
 *
 * @param high upper 32 bits of the key
 * @param low lower 32 bits
 * @param buckets at least 1
 * @returns 0 to `buckets` − 1
 */
export function jumpHash(high: number, low: number, buckets: number): number {
  let bucket = -1;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    // key = key × 2862933555777941757 (0x27bb2ee6_87b0b0fd) + 1, modulo 2^64
    const product = multiplyHigh(low, 0x87b0b0fd) + Math.imul(low, 0x27bb2ee6) + Math.imul(high, 0x87b0b0fd);
    low = (Math.imul(low, 0x87b0b0fd) + 1) >>> 0;
    high = (product + (low === 0 ? 1 : 0)) >>> 0;
    next = Math.floor((bucket + 1) * (2 ** 31 / ((high >>> 1) + 1)));
  }
  return bucket;
}

/** Upper 32 bits of the 64-bit product of two unsigned words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle % 0x1_0000);
  return aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000);
}
