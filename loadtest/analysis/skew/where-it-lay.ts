import type { Topology } from "../../../server/placement/contract.ts";
import { bucketStart, periodsOf, type When } from "../../../server/placement/periods.ts";
import { compileTopology, type Router } from "../../../server/placement/router.ts";
import type { AuditDialogsReply } from "../../../server/protocol/http.ts";
import { SOME_MOMENT } from "./moment.ts";
import { onlyNewest } from "./newest-segment.ts";
import { partsOf, segmentLayout, type SegmentPart } from "./segment-parts.ts";
import type { DialogCount } from "./what-if.ts";

/** Messages of one dialog on one shard, placed by one segment, and in one time bucket if that places by time. */
export interface DialogLoad extends When {
  readonly dialog: string;
  /** Index of the shard. */
  readonly shard: number;
  readonly messages: number;
}

/** The stored messages of a run, as the databases report them, seen by the topology that placed them. */
export interface Layout {
  readonly labels: readonly string[];
  readonly router: Router;
  readonly loads: readonly DialogLoad[];
  /** The same by segment, oldest first; of those alone that placed something. */
  readonly parts: readonly SegmentPart[];
  /** Whether the newest segment placed all of them. */
  readonly isNewestAlone: boolean;
  /** Messages per dialog over all shards, heaviest first, with the labels that hold it. */
  readonly dialogs: readonly (DialogCount & { readonly labels: readonly string[] })[];
  /** What is placed again by a forecast: the dialogs; by time bucket where the newest segment places by time. */
  readonly counts: readonly DialogCount[];
  /** Label of a dialog under the newest segment, without pins and splits. */
  readonly baseLabel: (dialog: string) => string;
}

function byDialog(loads: readonly DialogLoad[], labels: readonly string[]): Layout["dialogs"] {
  const counts = new Map<string, { dialog: string; count: number; labels: Set<string> }>();
  for (const { shard, dialog, messages } of loads) {
    let known = counts.get(dialog);
    if (known === undefined) counts.set(dialog, (known = { dialog, count: 0, labels: new Set() }));
    known.count += messages;
    known.labels.add(labels[shard]!);
  }
  return [...counts.values()]
    .map((one) => ({ ...one, labels: [...one.labels].sort() }))
    .sort((a, b) => b.count - a.count || (a.dialog < b.dialog ? -1 : 1));
}

/** Messages per dialog and time bucket. */
function byBucket(loads: readonly DialogLoad[], bucketMs: readonly number[]): DialogCount[] {
  const counts = new Map<string, { dialog: string; count: number; id: bigint }>();
  for (const { dialog, segment, bucket, messages } of loads) {
    const id = bucketMs[segment] === 0 ? SOME_MOMENT : bucketStart(bucketMs[segment]!, bucket);
    const key = `${dialog} ${id}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { dialog, count: messages, id });
    else known.count += messages;
  }
  return [...counts.values()];
}

/**
 * What the databases hold, by index of the shard. A server of an early version does not say the segment: the newest.
 */
function loadsOf(reply: AuditDialogsReply, labels: readonly string[], newest: number): DialogLoad[] {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  return reply.dialogs.flatMap(({ shard, dialog, count, segment = newest, bucket = 0 }) => {
    const index = indexOf.get(shard);
    return index === undefined || count <= 0 ? [] : [{ dialog, shard: index, segment, bucket, messages: count }];
  });
}

/** Joins what the databases hold with the topology that placed it. */
export function layoutOf(topology: Topology, reply: AuditDialogsReply): Layout {
  const router = compileTopology(topology);
  const { labels } = router;
  const newest = topology.segments.length - 1;
  const loads = loadsOf(reply, labels, newest);
  const dialogs = byDialog(loads, labels);
  const widths = periodsOf(topology).map(({ bucketMs }) => bucketMs);
  const alone = onlyNewest(topology);
  const plain = compileTopology({ ...alone, segments: alone.segments.map((one) => ({ ...one, overrides: [] })) });
  return {
    labels,
    router,
    loads,
    parts: partsOf(loads, (segment) => segmentLayout(topology, segment)),
    isNewestAlone: loads.every(({ segment }) => segment === newest),
    dialogs,
    counts: widths[newest] === 0 ? dialogs : byBucket(loads, widths),
    baseLabel: (dialog) => labels[plain.place({ dialog, id: SOME_MOMENT, author: 1, client: "" })]!,
  };
}
