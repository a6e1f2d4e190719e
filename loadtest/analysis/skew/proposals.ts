import type { Topology } from "../../../server/placement/contract.ts";
import { splitShards } from "../../../server/placement/overrides.ts";
import { parsePlacement } from "../../../server/placement/registry.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { percent } from "../../stats/format.ts";
import type { Advice } from "../result/result.ts";
import { expectedLoads, NO_LIGHT_DIALOGS, type LightDialogs, type HotDialog } from "./forecast.ts";
import { keySpaceShares, sampleKeySpace } from "./key-space.ts";
import { SOME_MOMENT } from "./moment.ts";
import { isByNumber, newestSegment, whereNow } from "./newest-segment.ts";
import { labelsOf, remedyTopology } from "./remedy.ts";
import { intendedShares } from "./segment-parts.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import type { DialogCount } from "./what-if.ts";

/** Key space that a shard may get beyond its share before the placement counts as a cause. */
const UNEVEN = 1.05;
/** A pin away from where the dialog is must be better by this factor. */
const WORTH_MOVING = 0.98;
/** Labels that a sentence lists. */
const LISTED = 8;

/** A remedy without its forecast. */
type Proposal = Omit<Advice, "forecast">;

/** The remedy with max/mean of the topology that follows it, over these counts (see `expectedLoads`). */
function weighed(topology: Topology, counts: readonly DialogCount[], light: LightDialogs, proposal: Proposal): Advice {
  const followed = remedyTopology(topology, { ...proposal, forecast: { maxOverMean: 1 } });
  return { ...proposal, forecast: { maxOverMean: maxOverMean(expectedLoads(followed, counts, light)) } };
}

/**
 * A pin while the dialog fits on one shard, the placement knows weights and no time spreads it; else the narrowest
 * split that reaches the target, or the best one.
 *
 * @param target max/mean, above 1
 * @returns null when there is only one shard
 */
export function treatDialog(
  topology: Topology,
  counts: readonly DialogCount[],
  hot: HotDialog,
  target: number,
  light: LightDialogs = NO_LIGHT_DIALOGS,
): Advice | null {
  const segment = newestSegment(topology);
  const labels = labelsOf(segment);
  const { weighted } = parsePlacement(segment.placement).entry;
  // A pin would hold on one shard what a placement by time spreads.
  const isSpread = counts.some(({ dialog, id }) => dialog === hot.dialog && id !== undefined);
  if (labels.length * hot.share <= 1 && weighted && !isSpread) return pin(topology, counts, light, hot);
  let best: Advice | null = null;
  // From 1 + p(N/k − 1) ≤ target: with fewer parts only a lucky lie of the others would reach it.
  const least = Math.ceil((hot.share * labels.length) / (target - 1 + hot.share));
  for (let k = Math.max(2, least); k <= labels.length; k++) {
    const advice = weighed(topology, counts, light, split(hot, labels, k, isSpread));
    if (advice.forecast.maxOverMean <= target) return advice;
    if (best === null || advice.forecast.maxOverMean < best.forecast.maxOverMean) best = advice;
  }
  return best;
}

/**
 * On the shard where it is, so that it need not move; on the idlest one where that is better, as beside another hot
 * dialog.
 */
function pin(topology: Topology, counts: readonly DialogCount[], light: LightDialogs, hot: HotDialog): Advice {
  const loads = expectedLoads(topology, counts, light);
  const here = whereNow(topology)(hot.dialog)[0]!;
  const stays = weighed(topology, counts, light, pinTo(topology, hot, here));
  const moves = weighed(topology, counts, light, pinTo(topology, hot, loads.indexOf(Math.min(...loads))));
  return moves.forecast.maxOverMean < stays.forecast.maxOverMean * WORTH_MOVING ? moves : stays;
}

function pinTo(topology: Topology, { dialog, share }: HotDialog, index: number): Proposal {
  const shard = topology.shards[index]!;
  const less = percent(topology.shards.length * share);
  const text =
    `Pin dialog ${dialog} (${percent(share)} of the messages) to shard ${shard} and give that shard ` +
    `${less} less of the other dialogs, which moves some of them.`;
  return { action: "pin", text, dialog, dialogShare: share, shards: [shard] };
}

/** @param isSpread whether time has put its history on all shards so far */
function split({ dialog, share }: HotDialog, labels: readonly string[], k: number, isSpread: boolean): Proposal {
  const shards = splitShards(dialog, labels, k).sort();
  const named = k > LISTED ? `${k} shards` : `the ${k} shards ${shards.join(", ")}`;
  const text =
    `Split dialog ${dialog} (${percent(share)} of the messages) over ${named}; reading its history ` +
    `then asks ${k} shards instead of ${isSpread ? "all" : "one"}.`;
  return { action: "split", text, dialog, dialogShare: share, shards, readFanout: k };
}

/** @returns `slots`, or null unless the placement now gives a shard clearly more than its weight */
export function changePlacement(
  topology: Topology,
  counts: readonly DialogCount[],
  light: LightDialogs = NO_LIGHT_DIALOGS,
): Advice | null {
  const segment = newestSegment(topology);
  const labels = topology.shards;
  const isRanged = isByNumber(segment);
  const intended = intendedShares(segment, labels);
  const shares = isRanged ? sharesOf(expectedLoads(topology, counts, light)) : hashedShares(topology, intended);
  const excess = shares.map((share, i) => (intended[i]! > 0 ? share / intended[i]! : 1));
  const most = Math.max(...excess);
  if (most <= UNEVEN) return null;
  const given = `which gives shard ${labels[excess.indexOf(most)]!} ${most.toFixed(2)} times its share of the`;
  const text = isRanged
    ? `Place by slots instead of range, ${given} messages; new boundaries would hold only until ids have grown ` +
      "again. What is stored must move once."
    : `Place by slots instead of ${segment.placement}, ${given} dialogs; what is stored must move once.`;
  return weighed(topology, counts, light, { action: "change-placement", text, placement: "slots" });
}

/** What a hash gives each shard of the key space, without pins and splits. */
function hashedShares(topology: Topology, intended: readonly number[]): number[] {
  const segment = newestSegment(topology);
  const plain = compileTopology({ ...topology, segments: [{ ...segment, from: "0", overrides: [] }] });
  const place = (dialog: string) => plain.place({ dialog, id: SOME_MOMENT, author: 1, client: "" });
  return keySpaceShares(sampleKeySpace(place, intended.length, 50_000), intended);
}

function sharesOf(loads: readonly number[]): number[] {
  const total = loads.reduce((sum, load) => sum + load, 0);
  return loads.map((load) => load / total);
}

/**
 * One shard more.
 *
 * @returns null unless the busiest shard is relieved by at least half of what it would be under an even load. Max/mean,
 *   over more shards, may still grow. Null also for ranges, which a shard more does not divide
 */
export function addShard(
  topology: Topology,
  counts: readonly DialogCount[],
  light: LightDialogs = NO_LIGHT_DIALOGS,
): Advice | null {
  if (isByNumber(newestSegment(topology))) return null;
  const label = String(Math.max(...topology.shards.map(Number)) + 1).padStart(2, "0");
  const advice = weighed(topology, counts, light, { action: "add-shard", text: "", shards: [label] });
  const before = Math.max(...expectedLoads(topology, counts, light));
  const relief = 1 - Math.max(...expectedLoads(remedyTopology(topology, advice), counts, light)) / before;
  if (relief < 0.5 / (topology.shards.length + 1)) return null;
  return { ...advice, text: `Add shard ${label}: the busiest shard then gets ${percent(relief)} fewer messages.` };
}
