import { composeId, ID_EPOCH_MS } from "../../server/placement/message-id.ts";
import { createWhen, periodsOf } from "../../server/placement/periods.ts";
import { compileTopology } from "../../server/placement/router.ts";
import { validateTopology } from "../../server/placement/topology.ts";
import type { Override, Topology } from "../../server/placement/contract.ts";
import type { AuditDialogsReply } from "../../server/protocol/http.ts";

const equal = (labels: readonly string[]) => labels.map((label) => ({ label, weight: 1 }));

/** `00`, `01`, … */
export const labelsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(2, "0"));

export interface SegmentSketch {
  /** Seconds after the start of the ids' clock; the first one's is 0. */
  readonly fromS: number;
  readonly placement?: string;
  readonly labels: readonly string[];
  readonly overrides?: readonly Override[];
}

/** A topology of these segments, oldest first. */
export function topologyOf(...segments: readonly SegmentSketch[]): Topology {
  return validateTopology({
    epoch: segments.length,
    shards: [...new Set(segments.flatMap(({ labels }) => labels))].sort(),
    segments: segments.map(({ fromS, placement = "slots", labels, overrides = [] }) => ({
      from: fromS === 0 ? "0" : composeId(ID_EPOCH_MS + fromS * 1_000, 0, 0).toString(),
      placement,
      shards: equal(labels),
      overrides,
    })),
  });
}

export interface Writing {
  readonly dialog: string;
  /** Seconds after the start of the ids' clock. */
  readonly atS: number;
  /** Messages; default 1. */
  readonly count?: number;
}

/** What a server with this topology would say of these messages. */
export function auditOf(topology: Topology, writings: Iterable<Writing>): AuditDialogsReply {
  const router = compileTopology(topology);
  const when = createWhen(periodsOf(topology));
  const rows = new Map<string, { shard: string; dialog: string; segment: number; bucket: number; count: number }>();
  let client = 0;
  for (const { dialog, atS, count = 1 } of writings) {
    const id = composeId(ID_EPOCH_MS + Math.round(atS * 1_000), 0, 0);
    const shard = router.labels[router.place({ dialog, id, author: 1, client: `r-${client++}` })]!;
    const { segment, bucket } = when(id);
    const key = `${shard} ${dialog} ${segment} ${bucket}`;
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { shard, dialog, segment, bucket, count });
    else known.count += count;
  }
  return { run: "r", dialogs: [...rows.values()] };
}
