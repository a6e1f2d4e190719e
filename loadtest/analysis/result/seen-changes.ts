import type { Topology } from "../../../server/placement/contract.ts";
import { composeId } from "../../../server/placement/message-id.ts";
import type { Verification } from "../../../server/protocol/shards.ts";

/** What happens to the shards while a run goes on. */
export const CHANGES = ["lost", "back", "take-out", "put-back", "shown", "add", "rebalance", "drain"] as const;
export type ChangeKind = (typeof CHANGES)[number];

/** One of these, by the clock of the generator. */
export interface SeenChange {
  /** Unix ms, as `untilMs`: its end, where it takes a while. */
  readonly atMs: number;
  readonly untilMs?: number;
  readonly kind: ChangeKind;
  readonly shard?: string;
  /** Of the topology from then on; absent: it changed nothing in that. */
  readonly epoch?: number;
  /** Share of the keys whose new messages get another shard, as the server forecast it. */
  readonly forecast?: number;
}

/** What the run saw of the shards. */
export interface SeenChanges {
  /** By time. */
  readonly changes: readonly SeenChange[];
  /** Every topology that was seen, the one before the run first, and when for the first time, Unix ms. */
  readonly topologies: readonly { readonly topology: Topology; readonly atMs: number }[];
  /** What the shards said when they were compared after the run; null: they were not. */
  readonly verification: Verification | null;
  /** Why the shards did not change as the scenario has it; absent: they did. */
  readonly missing?: string;
}

/** Whether rows went from one shard to another. */
export const wereMoved = (seen: SeenChanges | undefined): boolean =>
  seen?.changes.some(({ kind }) => kind === "rebalance") === true;

/**
 * The topology with each of its boundaries at the moment at which it was first seen. Boundaries lie ahead of the clock,
 * where no id had been granted yet; for a message that was never stored, the moment at which it was due is all there is,
 * and what holds for that moment is what the servers knew then. It may be off by the time between two looks.
 */
export function asSeen(topology: Topology, seen: SeenChanges | undefined): Topology {
  const [, ...later] = seen?.topologies ?? [];
  let last = -1n;
  const segments = topology.segments.map((segment) => {
    const first = later.find((one) => one.topology.segments.some(({ from }) => from === segment.from));
    const isNew = first !== undefined && !holds(seen!.topologies[0]!.topology, segment.from);
    const from = isNew ? composeId(Math.floor(first.atMs), 0, 0) : BigInt(segment.from);
    last = from > last ? from : last + 1n;
    return { ...segment, from: last.toString() };
  });
  return { ...topology, segments };
}

const holds = ({ segments }: Topology, from: string): boolean => segments.some((one) => one.from === from);
