import { byHash } from "./by-hash.ts";
import { optionFaults, rejectFaults, shardFaults, weightFaults } from "./faults.ts";
import { leading53 } from "./hash.ts";
import type { PlacementFactory } from "./contract.ts";

/**
 * Hash modulo the number of shards: even, and the counter-example to all others, since a shard more or less moves
 * nearly every dialog (four fifths from four to five). O(1) a call.
 *
 * @param shards of equal weight
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const modulo: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [
    ...shardFaults(shards),
    ...weightFaults("modulo", shards),
    ...optionFaults("modulo", options, {}),
  ]);
  const count = shards.length;
  return byHash("modulo", (high, low) => leading53(high, low) % count);
};
