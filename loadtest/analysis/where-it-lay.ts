import type { Segment, Topology } from "../../server/placement/contract.ts";
import { compileTopology, type Router } from "../../server/placement/router.ts";
import type { AuditDialogsReply } from "../../server/protocol/http.ts";
import type { DialogLoad } from "./causes.ts";
import { keySpaceShares, sampleKeySpace } from "./key-space.ts";
import { SOME_MOMENT } from "./moment.ts";
import { newestSegment } from "./newest-segment.ts";
import type { DialogCount } from "./what-if.ts";

/** The stored messages of a run, as the databases report them, seen by the topology that placed them. */
export interface Layout {
  readonly labels: readonly string[];
  readonly router: Router;
  /** Messages per dialog and shard. */
  readonly loads: readonly DialogLoad[];
  /** Messages per dialog over all shards, heaviest first, with the labels that hold it. */
  readonly dialogs: readonly (DialogCount & { readonly labels: readonly string[] })[];
  /** Dialogs that a pin or a split of the newest segment puts where they are. */
  readonly overridden: ReadonlySet<string>;
  /** Shares of the key space of the newest segment's placement, without its pins and splits; Σ = 1. */
  readonly shares: readonly number[];
  /** Synthetic dialogs by shard that the shares are estimated from. */
  readonly sample: readonly number[];
  /** Label of a dialog without pins and splits. */
  readonly baseLabel: (dialog: string) => string;
}

/** Share that each label is meant to get by the weights of the segment. */
function intendedShares(segment: Segment, labels: readonly string[]): number[] {
  const weights = new Map(segment.shards.map(({ label, weight }) => [label, weight]));
  const total = segment.shards.reduce((rest, { weight }) => rest + weight, 0);
  return labels.map((label) => (weights.get(label) ?? 0) / total);
}

function byDialog(reply: AuditDialogsReply): Layout["dialogs"] {
  const counts = new Map<string, { dialog: string; count: number; labels: string[] }>();
  for (const { shard, dialog, count } of reply.dialogs) {
    const known = counts.get(dialog) ?? { dialog, count: 0, labels: [] };
    known.count += count;
    known.labels.push(shard);
    counts.set(dialog, known);
  }
  for (const { labels } of counts.values()) labels.sort();
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.dialog < b.dialog ? -1 : 1));
}

/** Joins what the databases hold with the topology's newest segment; a `time-bucket` is asked for one moment. */
export function layoutOf(topology: Topology, reply: AuditDialogsReply): Layout {
  const router = compileTopology(topology);
  const { labels } = router;
  const newest = newestSegment(topology);
  const plain = compileTopology({ ...topology, segments: [{ ...newest, from: "0", overrides: [] }] });
  const base = (dialog: string): number => plain.place({ dialog, id: SOME_MOMENT, author: 1, client: "" });
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const sample = sampleKeySpace(base, labels.length);
  return {
    labels,
    router,
    loads: reply.dialogs.flatMap(({ shard, dialog, count }) => {
      const index = indexOf.get(shard);
      return index === undefined || count <= 0 ? [] : [{ dialog, shard: index, messages: count }];
    }),
    dialogs: byDialog(reply),
    overridden: new Set(newest.overrides.map(({ dialog }) => dialog)),
    shares: keySpaceShares(sample, intendedShares(newest, labels)),
    sample,
    baseLabel: (dialog) => labels[base(dialog)]!,
  };
}
