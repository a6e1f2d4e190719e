import type { Topology } from "./contract.ts";
import { composeId, ID_EPOCH_MS, messageTime } from "./message-id.ts";
import { parsePlacement } from "./registry.ts";

/** The messages that one segment of a topology places: those from its first id up to the next segment's. */
export interface Period {
  /** Message id (decimal); the first period's is "0". */
  readonly from: string;
  /**
   * Milliseconds in which a dialog stays on its shard, under a placement by time; else 0: for as long as the period.
   */
  readonly bucketMs: number;
}

/** What decides, beside the dialog, where a message lies. */
export interface When {
  /** Index of the topology's segment. */
  readonly segment: number;
  /** Number of the time bucket since the start of the ids' clock; 0 unless the segment places by time. */
  readonly bucket: number;
}

/** The periods of a topology, in the order of its segments. @throws {ConfigError} if a placement cannot be made */
export function periodsOf(topology: Topology): Period[] {
  return topology.segments.map(({ from, placement, shards }) => {
    const { entry, options } = parsePlacement(placement);
    return { from, bucketMs: entry.make(shards, options).bucketMs };
  });
}

/** The first message id of a time bucket. @param bucketMs of its segment, > 0 */
export const bucketStart = (bucketMs: number, bucket: number): bigint =>
  composeId(ID_EPOCH_MS + bucket * bucketMs, 0, 0);

/** Says it of single messages; databases count theirs by `storage/when-sql.ts`. @param periods at least one */
export function createWhen(periods: readonly Period[]): (id: bigint) => When {
  const starts = periods.map(({ from }) => BigInt(from));
  return (id) => {
    const segment = Math.max(
      0,
      starts.findLastIndex((start) => start <= id),
    );
    const { bucketMs } = periods[segment]!;
    return { segment, bucket: bucketMs === 0 ? 0 : Math.floor((messageTime(id) - ID_EPOCH_MS) / bucketMs) };
  };
}
