import type { Override, Segment } from "../placement/contract.ts";
import { overrideShards } from "../placement/overrides.ts";
import { parsePlacement } from "../placement/registry.ts";
import type { ChangeKind } from "../protocol/topology-change.ts";
import type { Placed } from "./document.ts";
import { writableShards } from "./segment-edits.ts";

/** Where messages lie, and which shards are out. */
export type Placing = Pick<Placed, "out" | "topology">;

/** One change, in a few words. */
export interface Described {
  /** Null where what changed is not the topology: a shard's history is shown again. */
  readonly kind: ChangeKind | null;
  readonly words: string;
  /** The shard that came, went or returned. */
  readonly shard?: string;
}

/**
 * Says what happened between two states, of which the later may be several changes on. Nothing for what has no words:
 * other weights, by a file.
 */
export function describeChange(before: Placing, after: Placing): Described[] {
  const [old, now] = [newestOf(before), newestOf(after)];
  const leaving = writableShards(old).filter((label) => !writableShards(now).includes(label));
  return [
    ...rebalances(before, after),
    ...comings(before, after),
    ...losses(before, after),
    ...drains(before, after, leaving),
    ...returns(before, after),
    ...placements(old, now),
    ...overrides(old, now, leaving),
  ];
}

function newestOf({ topology }: Placing): Segment {
  return topology.segments.at(-1)!;
}

function rebalances(before: Placing, after: Placing): Described[] {
  const left = new Set(after.topology.segments.map(({ from }) => from));
  if (before.topology.segments.every(({ from }) => left.has(from))) return [];
  const closed = after.topology.segments.length - 1;
  const waits = closed === 0 ? "" : `; ${closed} more closed since`;
  const where = closed === 0 ? "the newest segment puts" : "a later segment puts";
  return [{ kind: "rebalance", words: `rebalanced: older messages are where ${where} them${waits}` }];
}

function comings(before: Placing, after: Placing): Described[] {
  const [old, now] = [before.topology.shards, after.topology.shards];
  return [
    ...now
      .filter((label) => !old.includes(label))
      .map((shard) => ({ kind: "add" as const, words: `shard ${shard} added`, shard })),
    ...old
      .filter((label) => !now.includes(label))
      .map((shard) => ({ kind: "remove" as const, words: `shard ${shard} removed`, shard })),
  ];
}

function losses(before: Placing, after: Placing): Described[] {
  return newlyOut(before, after).map(({ label, reason }) => ({
    kind: "take_out",
    words: `shard ${label} taken out (${reason})${fallen(newestOf(before), newestOf(after), label)}`,
    shard: label,
  }));
}

function drains(before: Placing, after: Placing, leaving: readonly string[]): Described[] {
  const lost = new Set(newlyOut(before, after).map(({ label }) => label));
  return leaving
    .filter((label) => after.topology.shards.includes(label) && !lost.has(label))
    .map((label) => ({
      kind: "drain",
      words: `shard ${label} drained${fallen(newestOf(before), newestOf(after), label)}`,
      shard: label,
    }));
}

function newlyOut(before: Placing, after: Placing): Placing["out"] {
  return after.out.filter(({ from, label }) => !before.out.some((one) => one.label === label && one.from === from));
}

function returns(before: Placing, after: Placing): Described[] {
  const [old, now] = [newestOf(before), newestOf(after)].map(writableShards) as [string[], string[]];
  const isOut = ({ out }: Placing, label: string): boolean => out.some((one) => one.label === label);
  const back = now.filter((label) => before.topology.shards.includes(label) && !old.includes(label));
  const shown = before.out
    .map(({ label }) => label)
    .filter((label) => !isOut(after, label) && !back.includes(label) && after.topology.shards.includes(label));
  return [
    ...back.map((label) => {
      const isCompared = isOut(after, label);
      const words = `shard ${label} is back${isCompared ? ", and its history is compared with the others" : ""}`;
      return { kind: "put_back" as const, words, shard: label };
    }),
    ...shown.map((label) => ({ kind: null, words: `the history of shard ${label} is shown again`, shard: label })),
  ];
}

function placements(old: Segment, now: Segment): Described[] {
  const [was, is] = [old, now].map(({ placement }) => parsePlacement(placement)) as [Choice, Choice];
  // Boundaries that are for so many shards go with the shards.
  if (
    was.entry === is.entry &&
    (old.placement === now.placement || writableShards(old).join() !== writableShards(now).join())
  )
    return [];
  return [{ kind: "placement", words: `placement ${now.placement}` }];
}

type Choice = ReturnType<typeof parsePlacement>;

/** What is said of pinned and split dialogs when they are what the change is about, not what follows from it. */
function overrides(old: Segment, now: Segment, leaving: readonly string[]): Described[] {
  return differing(old, now).flatMap(({ dialog, is, was }): Described[] => {
    if (was !== undefined && overrideShards(was).some((label) => leaving.includes(label))) return [];
    if (is === undefined) return [{ kind: "merge", words: `merged ${dialog}` }];
    return is.action === "pin"
      ? [{ kind: "pin", words: `pinned ${dialog} to shard ${is.shard}` }]
      : [{ kind: "split", words: `split ${dialog} over ${is.shards.length} shards` }];
  });
}

/** Pins and splits that a shard takes with it. */
function fallen(old: Segment, now: Segment, label: string): string {
  return differing(old, now)
    .filter(({ was }) => was !== undefined && overrideShards(was).includes(label))
    .flatMap(({ dialog, is, was }) => {
      if (was?.action === "pin") return is === undefined ? [`, ${dialog} is pinned no more`] : [];
      const [had, has] = [was, is].map((one) => (one === undefined ? 1 : overrideShards(one).length));
      if (has === 1) return [`, ${dialog} is split no more`];
      return has === had ? [] : [`, ${dialog} is split over ${has}`];
    })
    .join("");
}

interface Differing {
  readonly dialog: string;
  readonly was: Override | undefined;
  readonly is: Override | undefined;
}

function differing(old: Segment, now: Segment): Differing[] {
  const dialogs = new Set([...old.overrides, ...now.overrides].map(({ dialog }) => dialog));
  return [...dialogs]
    .map((dialog) => ({
      dialog,
      was: old.overrides.find((one) => one.dialog === dialog),
      is: now.overrides.find((one) => one.dialog === dialog),
    }))
    .filter(({ is, was }) => shardsIn(was) !== shardsIn(is));
}

function shardsIn(override: Override | undefined): string {
  return override === undefined ? "" : `${override.action} ${overrideShards(override).join()}`;
}
