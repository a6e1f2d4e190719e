import { byHash } from "./by-hash.ts";
import { integerOption, optionFaults, rejectFaults, shardFaults } from "./faults.ts";
import { hashText, leading53 } from "./hash.ts";
import type { OptionTable } from "./faults.ts";
import type { PlacementFactory, WeightedShard } from "./contract.ts";

export const RING_OPTIONS: OptionTable = {
  virtualNodes: { about: "points of a shard of average weight on the ring", min: 1, max: 10_000, default: 160 },
};

const words = new Uint32Array(4);

/**
 * Consistent hashing with virtual nodes (Karger et al., 1997): every shard owns points on a ring of hashes, a dialog
 * belongs to the next point at or after its own hash.
 *
 * Any shard may join or leave. A shard's share of the keys has a coefficient of variation of about 1/√points; its
 * points are `virtualNodes` × weight ÷ mean weight, at least one. O(log points) a call.
 *
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const ring: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [...shardFaults(shards), ...optionFaults("ring", options, RING_OPTIONS)]);
  const points = ringPoints(shards, integerOption("virtualNodes", options, RING_OPTIONS));
  const positions = Float64Array.from(points, (point) => point.position);
  const owners = Uint16Array.from(points, (point) => point.shard);
  return byHash("ring", (high, low) => {
    const position = leading53(high, low);
    let from = 0;
    let until = positions.length;
    while (from < until) {
      const middle = (from + until) >>> 1;
      if ((positions[middle] ?? 0) < position) from = middle + 1;
      else until = middle;
    }
    return owners[from === positions.length ? 0 : from] ?? 0;
  });
};

function ringPoints(shards: readonly WeightedShard[], virtualNodes: number): { position: number; shard: number }[] {
  const mean = shards.reduce((sum, { weight }) => sum + weight, 0) / shards.length;
  const points = shards.flatMap(({ label, weight }, shard) => {
    const count = Math.max(1, Math.round((virtualNodes * weight) / mean));
    return Array.from({ length: count }, (_, i) => ({ position: positionOf(`${label}#${i}`), label, shard }));
  });
  // The label decides between equal positions, so that the order of the shards does not.
  return points.sort((a, b) => a.position - b.position || (a.label < b.label ? -1 : 1));
}

function positionOf(text: string): number {
  hashText(text, 0, words);
  return leading53(words[0] ?? 0, words[1] ?? 0);
}
