import type { Segment, Topology } from "../../server/placement/contract.ts";
import { overrideShards } from "../../server/placement/overrides.ts";
import { newestSegment, whereNow } from "./newest-segment.ts";
import type { DialogCount } from "./what-if.ts";

/** A dialog and the part of all messages that it gets. */
export interface HotDialog {
  readonly dialog: string;
  /** 0…1 */
  readonly share: number;
}

/** Dialogs that are too light and too many to be looked at one by one. */
export interface Crowd {
  readonly dialogs: number;
  readonly messages: number;
  /** Their messages by shard, in the order of `segment.shards`; pins and splits do not concern them. */
  readonly loads: (segment: Segment) => ArrayLike<number>;
}

export const NOBODY: Crowd = { dialogs: 0, messages: 0, loads: () => [] };

/**
 * Messages that each shard would get if these dialogs were written again under the newest segment. The parts of a split
 * dialog count as equal; `time-bucket` is asked for one moment.
 *
 * @param counts messages of each dialog; the crowd's are added
 * @returns in the order of `topology.shards`
 */
export function expectedLoads(topology: Topology, counts: readonly DialogCount[], crowd: Crowd = NOBODY): number[] {
  const loads = topology.shards.map(() => 0);
  const newest = { ...newestSegment(topology), from: "0" };
  const others = crowd.loads(newest);
  newest.shards.forEach(({ label }, i) => (loads[topology.shards.indexOf(label)]! += others[i] ?? 0));
  const shardsOf = whereNow(topology);
  for (const { dialog, count } of counts) {
    const parts = shardsOf(dialog);
    for (const shard of parts) loads[shard]! += count / parts.length;
  }
  return loads;
}

/**
 * Dialogs with which max/mean exceeds the target even if all others lay evenly. One of share p on k of N shards makes
 * it 1 + p(N/k − 1); a pinned one what its shard gets by pins and by weight.
 *
 * @param target max/mean, at least 1
 * @param crowd of dialogs that are not hot
 * @returns heaviest first
 */
export function hotDialogs(
  topology: Topology,
  counts: readonly DialogCount[],
  target: number,
  crowd: Crowd = NOBODY,
): HotDialog[] {
  const { overrides } = newestSegment(topology);
  const shards = topology.shards.length;
  const total = counts.reduce((sum, { count }) => sum + count, crowd.messages);
  const shares = new Map(counts.map(({ dialog, count }) => [dialog, count / total]));
  const overridden = new Map(overrides.map((override) => [override.dialog, override]));
  const withIt = (dialog: string, share: number) => {
    const override = overridden.get(dialog);
    if (override?.action === "pin") return shards * idealShare(newestSegment(topology), shares, override.shard);
    return 1 + share * (shards / (override?.shards.length ?? 1) - 1);
  };
  return [...shares]
    .filter(([dialog, share]) => withIt(dialog, share) > target)
    .map(([dialog, share]) => ({ dialog, share }))
    .sort((a, b) => b.share - a.share);
}

/** What the shard gets by overrides and weights if the other dialogs follow the weights to the letter; 0…1. */
function idealShare(segment: Segment, shares: ReadonlyMap<string, number>, shard: string): number {
  const weightOf = segment.shards.find(({ label }) => label === shard)?.weight ?? 0;
  const weight = weightOf / segment.shards.reduce((sum, one) => sum + one.weight, 0);
  let held = 0;
  let free = 1;
  for (const override of segment.overrides) {
    const share = shares.get(override.dialog) ?? 0;
    const labels = overrideShards(override);
    free -= share;
    if (labels.includes(shard)) held += share / labels.length;
  }
  return held + free * weight;
}
