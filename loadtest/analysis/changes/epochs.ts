import { sum } from "d3-array";
import type { Topology } from "../../../server/placement/contract.ts";
import { createWhen, periodsOf } from "../../../server/placement/periods.ts";
import type { AuditDialogsReply } from "../../../server/protocol/http.ts";
import type { AckRow } from "../../measurement/rehearsed.ts";

/** What was acknowledged and what is stored of the message ids of one segment, or of neighbours. */
export interface EpochAudit {
  /** Indexes of the topology's segments. */
  readonly first: number;
  readonly last: number;
  readonly acked: number;
  readonly stored: number;
  /** By shard: acknowledged by it, and on it now; a rebalance brings messages elsewhere. */
  readonly shards: readonly { readonly shard: string; readonly acked: number; readonly stored: number }[];
}

interface Stored {
  readonly dialogs: AuditDialogsReply["dialogs"];
  /** Messages that were never acknowledged, and found stored, with their ids. */
  readonly found: readonly { readonly shard: string; readonly message: string }[];
}

/**
 * Holds what was acknowledged against what is stored, segment by segment of the topology: both by message id. Segments
 * with acknowledgements that may be of either are counted together.
 *
 * @returns oldest first; segments without a message are not in it
 */
export function auditEpochs(topology: Topology, acks: readonly AckRow[], { dialogs, found }: Stored): EpochAudit[] {
  const when = createWhen(periodsOf(topology));
  const segmentOf = (id: string): number => when(BigInt(id)).segment;
  const groupOf = groupsOf(
    topology.segments.length,
    acks.map(([, , least, most]) => [segmentOf(least), segmentOf(most)]),
  );
  const groups = new Map<number, Map<string, { acked: number; stored: number }>>();
  const add = (segment: number, shard: string, acked: number, stored: number): void => {
    const group = groupOf(segment);
    const shards = groups.get(group) ?? new Map<string, { acked: number; stored: number }>();
    const sums = shards.get(shard) ?? { acked: 0, stored: 0 };
    groups.set(group, shards.set(shard, { acked: sums.acked + acked, stored: sums.stored + stored }));
  };
  for (const [shard, messages, least] of acks) add(segmentOf(least), shard, messages, 0);
  for (const { shard, message } of found) add(segmentOf(message), shard, 1, 0);
  const newest = topology.segments.length - 1;
  for (const { shard, count, segment = newest } of dialogs) add(segment, shard, 0, count);
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([first, shards]) => {
      const rows = [...shards].sort(([a], [b]) => (a < b ? -1 : 1)).map(([shard, sums]) => ({ shard, ...sums }));
      const last = topology.segments.findLastIndex((_, segment) => groupOf(segment) === first);
      return {
        first,
        last,
        acked: sum(rows, (row) => row.acked),
        stored: sum(rows, (row) => row.stored),
        shards: rows,
      };
    });
}

/**
 * @param spans first and last segment of what cannot be told apart
 * @returns the first of the segments that are counted with this one
 */
function groupsOf(segments: number, spans: readonly (readonly [number, number])[]): (segment: number) => number {
  const firsts = Array.from({ length: segments }, (_, segment) => segment);
  for (const [first, last] of spans) {
    for (let segment = first + 1; segment <= last; segment += 1)
      firsts[segment] = Math.min(firsts[segment]!, segment - 1);
  }
  for (let segment = 1; segment < segments; segment += 1) {
    if (firsts[segment]! < segment) firsts[segment] = firsts[segment - 1]!;
  }
  return (segment) => firsts[segment] ?? segment;
}
