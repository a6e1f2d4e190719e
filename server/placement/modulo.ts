import { optionFaults, rejectFaults, shardFaults, weightFaults } from "./faults.ts";
import { hashText, leading53 } from "./hash.ts";
import type { PlacementFactory } from "./contract.ts";

const words = new Uint32Array(4);

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
  return {
    name: "modulo",
    byTime: false,
    place(dialog) {
      hashText(dialog, 0, words);
      return leading53(words[0] ?? 0, words[1] ?? 0) % count;
    },
  };
};
