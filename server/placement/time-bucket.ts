import { ID_EPOCH_MS, messageTime } from "./message-id.ts";
import { integerOption, optionFaults, rejectFaults } from "./faults.ts";
import { slotFaults, slotOf, slotOfHash, slotTable } from "./slot-table.ts";
import type { OptionTable } from "./faults.ts";
import type { PlacementFactory } from "./contract.ts";

export const TIME_BUCKET_OPTIONS: OptionTable = {
  widthS: { about: "seconds of a dialog's history that stay together", min: 1, max: 31_536_000, default: 3_600 },
};

/**
 * Hash of (dialog, time bucket of the message id), through the table of `slots`.
 *
 * Spreads the stored history of a hot dialog while a page of it stays on one shard. It does not relieve the writes of
 * one moment: they all share one bucket. Shards join and leave as with `slots`. O(1) a call.
 *
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const timeBucket: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [...slotFaults(shards), ...optionFaults("time-bucket", options, TIME_BUCKET_OPTIONS)]);
  const table = slotTable(shards);
  const bucketMs = integerOption("widthS", options, TIME_BUCKET_OPTIONS) * 1000;
  const seed = (id: bigint): number => Math.floor((messageTime(id) - ID_EPOCH_MS) / bucketMs);
  return {
    name: "time-bucket",
    byTime: true,
    byNumber: false,
    bucketMs,
    seed,
    placeWords: (high) => table[slotOfHash(high)] ?? 0,
    place: (dialog, id) => table[slotOf(dialog, seed(id))] ?? 0,
  };
};
