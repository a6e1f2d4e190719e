import { sum } from "d3-array";
import type { Segment, Topology } from "../../../server/placement/contract.ts";
import { newestSegment, whereNow } from "../skew/newest-segment.ts";
import { intendedShares } from "../skew/segment-parts.ts";

/** Shares of the keys whose new messages went to another shard by a change of the topology, 0…1. */
export interface MovedKeys {
  /** Of the dialogs of the run. */
  readonly moved: number;
  /** The least that must move for the weights to be what they then were. */
  readonly ideal: number;
}

/** @param dialogs at least one, or nothing is moved */
export function movedKeys(before: Topology, after: Topology, dialogs: readonly string[]): MovedKeys {
  const [was, is] = [before, after].map((topology) => {
    const where = whereNow(topology);
    return (dialog: string) =>
      where(dialog)
        .map((shard) => topology.shards[shard]!)
        .sort()
        .join("+");
  });
  const moved = dialogs.filter((dialog) => was!(dialog) !== is!(dialog)).length;
  return { moved: moved / Math.max(1, dialogs.length), ideal: idealShare(newestSegment(before), newestSegment(after)) };
}

/** What the shards that get more are short of. */
function idealShare(before: Segment, after: Segment): number {
  const labels = [...new Set([...before.shards, ...after.shards].map(({ label }) => label))];
  const [had, get] = [before, after].map((segment) => intendedShares(segment, labels));
  return sum(labels, (_, shard) => Math.max(0, get![shard]! - had![shard]!));
}
