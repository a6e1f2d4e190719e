import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "../config-error.ts";
import type { Segment, Topology } from "../placement/contract.ts";
import { parseDialog } from "../placement/dialog.ts";
import { validateTopology } from "../placement/topology.ts";
import {
  withoutOverride,
  withoutShard,
  withPin,
  withPlacement,
  withShard,
  withSplit,
  writableShards,
} from "./segment-edits.ts";

/** One thing that an operator, the failure detector or the hot-dialog detector asks of a topology. */
export type Change =
  | { readonly do: "add"; readonly shard: string }
  | { readonly do: "drain"; readonly shard: string }
  | { readonly do: "remove"; readonly shard: string }
  | {
      readonly do: "pin";
      readonly dialog: string;
      readonly shard: string;
      /** Of all messages, 0 to 1: how much less of the others the shard shall get; absent: no less. */
      readonly share?: number;
    }
  | { readonly do: "split"; readonly dialog: string; readonly parts: number }
  | { readonly do: "merge"; readonly dialog: string }
  | { readonly do: "placement"; readonly placement: string }
  | { readonly do: "take-out"; readonly shard: string }
  | { readonly do: "put-back"; readonly shard: string };

/** Closed segments that may wait for a rebalance: reads ask every shard that one of them names. */
export const MOST_CLOSED = 8;
/** Shards of a system. */
export const MOST_SHARDS = 64;

/**
 * The topology after a change: one epoch on, and one more segment from `boundary`; `remove` appends none, the label
 * leaves the list. Earlier segments, and so the owner of every id below the boundary, stay as they are. Pure.
 *
 * @param boundary above every id that was granted to a node
 * @returns what `validateTopology` accepts
 * @throws {ConfigError} SHARD_EXISTS, NO_SHARD, LAST_SHARD, NOT_WRITABLE, TOO_MANY_PARTS, BAD_PARTS, BAD_SHARE,
 *   OWNS_ROWS, TOO_MANY_SEGMENTS, TOO_MANY_SHARDS, NOTHING_TO_DO, BAD_PLACEMENT, BAD_DIALOG, NO_OVERRIDE, BAD_BOUNDARY
 */
export function changeTopology(topology: Topology, change: Change, boundary: bigint): Topology {
  const epoch = topology.epoch + 1;
  if (change.do === "remove") return validateTopology({ ...topology, epoch, shards: without(topology, change.shard) });
  const newest = topology.segments.at(-1)!;
  const segment = changeSegment(topology, newest, change);
  if (isDeepStrictEqual(segment, newest)) throw new ConfigError("NOTHING_TO_DO", "that is how it is already");
  checkRoom(topology, change);
  if (boundary <= BigInt(newest.from)) {
    throw new ConfigError(
      "BAD_BOUNDARY",
      `the newest segment begins at ${newest.from}, and this one would at ${boundary}`,
    );
  }
  const added = writableShards(segment).filter((label) => !topology.shards.includes(label));
  return validateTopology({
    epoch,
    shards: [...topology.shards, ...added],
    segments: [...topology.segments, { ...segment, from: String(boundary) }],
  });
}

/**
 * The topology after a rebalance: one epoch on; the segment from `below` holds for all smaller ids too, in place of the
 * closed ones before it. Shards that no segment names any more stay listed until they are removed.
 *
 * @param below where a segment begins (decimal); every row with a smaller id was copied to where that segment puts it
 * @throws {ConfigError} NO_SEGMENT, NOTHING_TO_DO
 */
export function rebalanced(topology: Topology, below: string): Topology {
  const at = topology.segments.findIndex(({ from }) => from === below);
  const starts = topology.segments.map(({ from }) => from).join(", ");
  if (at === -1) throw new ConfigError("NO_SEGMENT", `no segment begins at ${below}; they begin at ${starts}`);
  if (at === 0) throw new ConfigError("NOTHING_TO_DO", "no closed segment waits for a rebalance");
  const [first, ...later] = topology.segments.slice(at);
  return validateTopology({
    ...topology,
    epoch: topology.epoch + 1,
    segments: [{ ...first!, from: "0" }, ...later],
  });
}

function changeSegment(topology: Topology, newest: Segment, change: Exclude<Change, { do: "remove" }>): Segment {
  switch (change.do) {
    case "add":
      checkNew(topology, newest, change.shard);
      return withShard(newest, change.shard);
    case "put-back":
      checkListed(topology, change.shard);
      if (!writableShards(newest).includes(change.shard)) return withShard(newest, change.shard);
      throw new ConfigError("NOTHING_TO_DO", `shard ${change.shard} takes writes already`);
    case "drain":
    case "take-out":
      checkLeaves(topology, newest, change.shard);
      return withoutShard(newest, change.shard);
    case "pin":
      return pin(topology, newest, change);
    case "split":
      return split(newest, change);
    case "merge":
      checkDialog(change.dialog);
      if (overrideOf(newest, change.dialog) !== undefined) return withoutOverride(newest, change.dialog);
      throw new ConfigError("NO_OVERRIDE", `dialog ${change.dialog} is neither pinned nor split`);
    default:
      return withPlacement(newest, change.placement);
  }
}

function pin(topology: Topology, newest: Segment, { dialog, shard, share }: Change & { do: "pin" }): Segment {
  checkDialog(dialog);
  checkListed(topology, shard);
  if (share !== undefined && !(share >= 0 && share <= 1)) {
    throw new ConfigError("BAD_SHARE", `the share of dialog ${dialog} is a number from 0 to 1, not ${share}`);
  }
  const writable = writableShards(newest);
  if (!writable.includes(shard)) {
    const others = writable.join(", ");
    throw new ConfigError(
      "NOT_WRITABLE",
      `shard ${shard} takes no writes: pin to one of ${others}, or let it take writes first`,
    );
  }
  const now = overrideOf(newest, dialog);
  if (now?.action === "pin" && now.shard === shard && share === undefined) return newest;
  return withPin(newest, { dialog, shard, ...(share !== undefined && { share }) });
}

function split(newest: Segment, { dialog, parts }: Change & { do: "split" }): Segment {
  checkDialog(dialog);
  if (!Number.isInteger(parts) || parts < 2) {
    throw new ConfigError("BAD_PARTS", `a split has 2 or more parts, not ${parts}; one shard is a pin`);
  }
  const writable = writableShards(newest).length;
  if (parts > writable) {
    const text = `${parts} parts need as many shards, and ${writable} take writes: ask for fewer, or add a shard first`;
    throw new ConfigError("TOO_MANY_PARTS", text);
  }
  const now = overrideOf(newest, dialog);
  return now?.action === "split" && now.shards.length === parts ? newest : withSplit(newest, dialog, parts);
}

function without({ segments, shards }: Topology, label: string): string[] {
  checkListed({ shards }, label);
  const isNamed = segments.map((segment) => writableShards(segment).includes(label));
  if (isNamed.at(-1)) {
    throw new ConfigError("OWNS_ROWS", `shard ${label} takes writes: drain it, then rebalance, then remove it`);
  }
  if (isNamed.includes(true)) {
    throw new ConfigError("OWNS_ROWS", `older messages belong to shard ${label}: rebalance, then remove it`);
  }
  return shards.filter((other) => other !== label);
}

function checkNew({ shards }: Topology, newest: Segment, label: string): void {
  if (shards.includes(label)) {
    const text = writableShards(newest).includes(label)
      ? `shard ${label} is in already`
      : `shard ${label} is in already and takes no writes: put it back, or remove it first`;
    throw new ConfigError("SHARD_EXISTS", text);
  }
  if (shards.length >= MOST_SHARDS) {
    throw new ConfigError("TOO_MANY_SHARDS", `a system has ${MOST_SHARDS} shards at most: drain and remove one first`);
  }
}

function checkLeaves(topology: Topology, newest: Segment, label: string): void {
  checkListed(topology, label);
  const writable = writableShards(newest);
  if (!writable.includes(label)) throw new ConfigError("NOTHING_TO_DO", `shard ${label} takes no writes already`);
  if (writable.length > 1) return;
  throw new ConfigError("LAST_SHARD", `shard ${label} is the only one that takes writes: add another one first`);
}

function checkListed({ shards }: Pick<Topology, "shards">, label: string): void {
  if (!shards.includes(label))
    throw new ConfigError("NO_SHARD", `there is no shard "${label}": there are ${shards.join(", ")}`);
}

function checkDialog(dialog: string): void {
  if (parseDialog(dialog) !== null) return;
  throw new ConfigError("BAD_DIALOG", `"${dialog}" is not a dialog id: min_max of two user ids, or g_ and a group id`);
}

/** A shard that was lost is always let in again: without it no rebalance could go on. */
function checkRoom({ segments }: Topology, change: Change): void {
  const closed = segments.length - 1;
  if (closed < MOST_CLOSED || change.do === "put-back") return;
  const text = `${closed} closed segments wait for a rebalance, and no more than ${MOST_CLOSED} may: rebalance first`;
  throw new ConfigError("TOO_MANY_SEGMENTS", text);
}

function overrideOf(segment: Segment, dialog: string): Segment["overrides"][number] | undefined {
  return segment.overrides.find((override) => override.dialog === dialog);
}
