import type { Segment, Topology } from "../../../server/placement/contract.ts";
import { overrideShards } from "../../../server/placement/overrides.ts";
import { newestSegment, whereNow } from "./newest-segment.ts";
import { intendedShares } from "./segment-parts.ts";
import type { DialogCount } from "./what-if.ts";

/** A dialog and the part of all messages that it gets. */
export interface HotDialog {
  readonly dialog: string;
  /** 0…1 */
  readonly share: number;
}

/** Dialogs that are too light and too many to be looked at one by one. */
export interface LightDialogs {
  readonly dialogs: number;
  readonly messages: number;
  /** Their messages by shard, in the order of `segment.shards`; pins and splits do not concern them. */
  readonly loads: (segment: Segment) => ArrayLike<number>;
}

export const NO_LIGHT_DIALOGS: LightDialogs = { dialogs: 0, messages: 0, loads: () => [] };

/**
 * Messages that each shard would get if these dialogs were written again under the newest segment. The parts of a split
 * dialog count as equal; a placement by time is asked for the moments of the counts.
 *
 * @param counts messages of each dialog, or of each in each time bucket; those of the light dialogs are added
 * @returns in the order of `topology.shards`
 */
export function expectedLoads(
  topology: Topology,
  counts: readonly DialogCount[],
  light: LightDialogs = NO_LIGHT_DIALOGS,
): number[] {
  const loads = topology.shards.map(() => 0);
  const newest = { ...newestSegment(topology), from: "0" };
  const others = light.loads(newest);
  newest.shards.forEach(({ label }, i) => (loads[topology.shards.indexOf(label)]! += others[i] ?? 0));
  const shardsOf = whereNow(topology);
  for (const { dialog, count, id } of counts) {
    const parts = shardsOf(dialog, id);
    for (const shard of parts) loads[shard]! += count / parts.length;
  }
  return loads;
}

/**
 * Dialogs with which max/mean exceeds the target even if all others lay evenly. One of share p on k of N shards makes
 * it 1 + p(N/k − 1); a pinned one what its shard gets by pins and by weight; one that time buckets spread, with most of
 * it, q, on one shard, 1 − p + N·q.
 *
 * @param target max/mean, at least 1
 * @param crowd of dialogs that are not hot
 * @returns heaviest first
 */
export function hotDialogs(
  topology: Topology,
  counts: readonly DialogCount[],
  target: number,
  light: LightDialogs = NO_LIGHT_DIALOGS,
): HotDialog[] {
  const { overrides } = newestSegment(topology);
  const shards = topology.shards.length;
  const total = counts.reduce((sum, { count }) => sum + count, light.messages);
  const shares = new Map<string, number>();
  for (const { dialog, count } of counts) shares.set(dialog, (shares.get(dialog) ?? 0) + count / total);
  const spread = spreadByTime(topology, counts, total);
  const overridden = new Map(overrides.map((override) => [override.dialog, override]));
  const withIt = (dialog: string, share: number) => {
    const override = overridden.get(dialog);
    if (override?.action === "pin") return shards * idealShare(newestSegment(topology), shares, override.shard);
    const most = override === undefined ? (spread.get(dialog) ?? share) : share / override.shards.length;
    return 1 - share + shards * most;
  };
  return [...shares]
    .filter(([dialog, share]) => withIt(dialog, share) > target)
    .map(([dialog, share]) => ({ dialog, share }))
    .sort((a, b) => b.share - a.share);
}

/** The largest share of all messages that a shard holds of a dialog whose counts are by time bucket. */
function spreadByTime(topology: Topology, counts: readonly DialogCount[], total: number): ReadonlyMap<string, number> {
  const shardsOf = whereNow(topology);
  const loads = new Map<string, number[]>();
  for (const { dialog, count, id } of counts) {
    if (id === undefined) continue;
    let own = loads.get(dialog);
    if (own === undefined) loads.set(dialog, (own = topology.shards.map(() => 0)));
    own[shardsOf(dialog, id)[0]!]! += count / total;
  }
  return new Map([...loads].map(([dialog, own]) => [dialog, Math.max(...own)]));
}

/** What the shard gets by overrides and weights if the other dialogs follow the weights to the letter; 0…1. */
function idealShare(segment: Segment, shares: ReadonlyMap<string, number>, shard: string): number {
  const [weight = 0] = intendedShares(segment, [shard]);
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
