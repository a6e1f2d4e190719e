import type { Segment, Topology } from "../../../server/placement/contract.ts";
import { parsePlacement } from "../../../server/placement/registry.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { SOME_MOMENT } from "./moment.ts";

/** The segment that new messages go to. */
export function newestSegment(topology: Topology): Segment {
  return topology.segments[topology.segments.length - 1]!;
}

/** Whether the segment places by ranges of numbers, and hashes nothing. */
export function isByNumber({ placement, shards }: Segment): boolean {
  const { entry, options } = parsePlacement(placement);
  return entry.make(shards, options).byNumber;
}

/** The topology as if its newest segment had always held, with all its shards: it may be asked for any moment. */
export function onlyNewest(topology: Topology): Topology {
  return { ...topology, segments: [{ ...newestSegment(topology), from: "0" }] };
}

/**
 * Where the newest segment puts a dialog: on one shard, or on those that share it if it is split; a placement by time
 * at the moment of the message id, or at some moment.
 *
 * @returns indexes into `topology.shards`
 */
export function whereNow(topology: Topology): (dialog: string, id?: bigint) => readonly number[] {
  const router = compileTopology(onlyNewest(topology));
  const overridden = new Set(newestSegment(topology).overrides.map(({ dialog }) => dialog));
  return (dialog, id = SOME_MOMENT) =>
    overridden.has(dialog) ? router.shardsOf(dialog) : [router.place({ dialog, id, author: 1, client: "" })];
}
