import type { Segment, Topology, WeightedShard } from "../../../server/placement/contract.ts";
import { overrideShards, pinWeights } from "../../../server/placement/overrides.ts";
import type { Advice } from "../result/result.ts";
import { newestSegment } from "./newest-segment.ts";

/**
 * The topology that a fresh server starts with when an advice is followed: one segment for all ids, one epoch on. Other
 * overrides stay; one of the advised dialog is replaced.
 *
 * @returns `current` itself when the advice is to do nothing
 */
export function remedyTopology(current: Topology, advice: Advice): Topology {
  if (advice.action === "none") return current;
  const segment = remedied(newestSegment(current), advice);
  const named = new Set([...segment.shards.map(({ label }) => label), ...segment.overrides.flatMap(overrideShards)]);
  const known = current.shards.filter((label) => named.has(label));
  const added = [...named].filter((label) => !current.shards.includes(label));
  return { epoch: current.epoch + 1, shards: [...known, ...added], segments: [segment] };
}

function remedied(before: Segment, advice: Advice): Segment {
  const { action, dialog = "", dialogShare = 0, shards = [] } = advice;
  const segment = { ...before, from: "0", placement: advice.placement ?? before.placement };
  if (action === "add-shard") return { ...segment, shards: [...before.shards, ...shards.map(asHeavyAs(before))] };
  if (action === "change-placement") return segment;
  const others = before.overrides.filter((override) => override.dialog !== dialog);
  const weights = weightsWithout(before, dialog);
  if (action === "split") return { ...segment, shards: weights, overrides: [...others, { dialog, action, shards }] };
  const [shard = ""] = shards;
  return {
    ...segment,
    shards: pinWeights(labelsOf(before), shard, dialogShare, weights),
    overrides: [...others, { dialog, action: "pin", shard }],
  };
}

/** All shards of a segment, also one that only a pin names. */
export function labelsOf(segment: Segment): string[] {
  const named = [...segment.shards.map(({ label }) => label), ...segment.overrides.flatMap(overrideShards)];
  return [...new Set(named)].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

/** Equal weights again when the dialog's pin was what the weights made room for. */
function weightsWithout(segment: Segment, dialog: string): readonly WeightedShard[] {
  const pins = segment.overrides.filter(({ action }) => action === "pin");
  const only = pins.length === 1 && pins[0]!.dialog === dialog;
  return only ? labelsOf(segment).map((label) => ({ label, weight: 1 })) : segment.shards;
}

function asHeavyAs(segment: Segment): (label: string) => WeightedShard {
  const weight = Math.max(...segment.shards.map((shard) => shard.weight));
  return (label) => ({ label, weight });
}
