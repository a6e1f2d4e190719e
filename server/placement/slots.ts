import { byHash } from "./by-hash.ts";
import { optionFaults, rejectFaults } from "./faults.ts";
import { slotFaults, slotOfHash, slotTable } from "./slot-table.ts";
import type { PlacementFactory } from "./contract.ts";

/**
 * Hash slots: a dialog's hash names one of 4,096 slots, a table the slot's shard.
 *
 * Every shard owns its weighted share of the slots to within one. A shard whose label sorts last joins or leaves
 * with exactly its own slots moving; when another one does, a few more move (see `slotTable`). O(1) a call.
 *
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const slots: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [...slotFaults(shards), ...optionFaults("slots", options, {})]);
  const table = slotTable(shards);
  return byHash("slots", (high) => table[slotOfHash(high)] ?? 0);
};
