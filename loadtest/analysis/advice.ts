import type { Topology } from "../../server/placement/contract.ts";
import { splitShards } from "../../server/placement/overrides.ts";
import { parsePlacement } from "../../server/placement/registry.ts";
import { compileTopology } from "../../server/placement/router.ts";
import type { Advice } from "../report/result.ts";
import { expectedLoads, hotDialogs, newestSegment, type HotDialog } from "./forecast.ts";
import { keySpaceShares } from "./key-space.ts";
import { SOME_MOMENT } from "./moment.ts";
import { labelsOf, remedyTopology } from "./remedy.ts";
import { maxOverMean, noiseFloor } from "./skew.ts";
import type { DialogCount } from "./what-if.ts";

export interface AdviceInput {
  readonly topology: Topology;
  /** Messages per dialog, in any order. */
  readonly counts: readonly DialogCount[];
  /** max/mean up to which nothing needs to be done; default 1.25. */
  readonly target?: number;
}

type Proposal = Omit<Advice, "forecast">;

/** Hot dialogs for which remedies are worked out: a change is made for one after the other. */
const CONSIDERED = 3;
/** A remedy that takes less off max/mean is not worth its move. */
const WORTHWHILE = 0.95;
/** Key space a shard may get beyond its share before the placement counts as a cause. */
const UNEVEN = 1.05;

/**
 * What to do about the skew of these dialogs, best first: what reaches the target before what does not; then, by what it
 * costs, pin, split, another placement, another shard. Each stands for itself; "none" comes alone.
 *
 * Forecasts are max/mean of the remedied topology over these very counts (see `expectedLoads`).
 */
export function advise(input: AdviceInput): Advice[] {
  const { topology, counts, target = 1.25 } = input;
  const loads = expectedLoads(topology, counts);
  const now = maxOverMean(loads);
  const chance = noiseFloor(counts.length, topology.shards.length).p99;
  if (now <= Math.max(target, chance)) return [nothingToDo(now, target, chance)];
  const hot = hotDialogs(topology, counts, target).slice(0, CONSIDERED);
  const suspects = hot.length > 0 ? hot : heaviestOn(topology, counts, loads.indexOf(Math.max(...loads)));
  const proposals = [
    ...suspects.flatMap((suspect) => forDialog(input, suspect, loads, target)),
    ...otherPlacement(topology),
    ...oneMoreShard(input, loads),
  ];
  const weighed = proposals
    .map((proposal) => withForecast(input, proposal))
    .filter((advice) => advice.action === "add-shard" || advice.forecast.maxOverMean < now * WORTHWHILE);
  if (weighed.length === 0) return [nothingHelps(now, counts.length)];
  const met = weighed.filter((advice) => advice.forecast.maxOverMean <= target);
  const short = weighed.filter((advice) => advice.forecast.maxOverMean > target);
  return [...met, ...short.sort((a, b) => a.forecast.maxOverMean - b.forecast.maxOverMean)];
}

function withForecast({ topology, counts }: AdviceInput, proposal: Proposal): Advice {
  const followed = remedyTopology(topology, { ...proposal, forecast: { maxOverMean: 1 } });
  return { ...proposal, forecast: { maxOverMean: maxOverMean(expectedLoads(followed, counts)) } };
}

/** A pin while the dialog fits on one shard, else the narrowest split that reaches the target. */
function forDialog(input: AdviceInput, hot: HotDialog, loads: readonly number[], target: number): Proposal[] {
  const segment = newestSegment(input.topology);
  const labels = labelsOf(segment);
  const weighted = parsePlacement(segment.placement).entry.weighted;
  if (labels.length * hot.share <= 1 && weighted) return [pin(input, hot, loads)];
  const splits = labels.slice(1).map((_, i) => split(hot, labels, i + 2));
  const forecasts = splits.map((proposal) => withForecast(input, proposal).forecast.maxOverMean);
  const narrowest = forecasts.findIndex((forecast) => forecast <= target);
  const best = narrowest === -1 ? forecasts.indexOf(Math.min(...forecasts)) : narrowest;
  return splits.slice(best, best + 1);
}

/** On the shard where it is, so that it need not move; on the idlest one if that is better, as it is beside another hot dialog. */
function pin(input: AdviceInput, hot: HotDialog, loads: readonly number[]): Proposal {
  const { topology } = input;
  const here = pinTo(topology, hot, compileTopology(topology).shardsOf(hot.dialog)[0]!);
  const away = pinTo(topology, hot, loads.indexOf(Math.min(...loads)));
  const [stays, moves] = [here, away].map((proposal) => withForecast(input, proposal).forecast.maxOverMean);
  return moves! < stays! * WORTHWHILE ? away : here;
}

function pinTo(topology: Topology, { dialog, share }: HotDialog, index: number): Proposal {
  const shard = topology.shards[index]!;
  const rest = percent(1 - topology.shards.length * share);
  const text = `Pin dialog ${dialog} (${percent(share)} of the messages) to shard ${shard}, and give that shard ${rest} of what each other one gets of the rest; dialogs that leave it move.`;
  return { action: "pin", text, dialog, dialogShare: share, shards: [shard] };
}

/** The heaviest dialog of the busiest shard: none may be hot by itself, and yet several of them meet there. */
function heaviestOn(topology: Topology, counts: readonly DialogCount[], shard: number): HotDialog[] {
  const router = compileTopology(topology);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  let most: DialogCount | null = null;
  for (const one of counts) {
    if (one.count > (most?.count ?? 0) && router.shardsOf(one.dialog).includes(shard)) most = one;
  }
  return most === null ? [] : [{ dialog: most.dialog, share: most.count / total }];
}

function split({ dialog, share }: HotDialog, labels: readonly string[], k: number): Proposal {
  const shards = splitShards(dialog, labels, k).sort();
  const text = `Split dialog ${dialog} (${percent(share)} of the messages) over the ${k} shards ${shards.join(", ")}; reading its history then asks ${k} shards instead of one.`;
  return { action: "split", text, dialog, dialogShare: share, shards, readFanout: k };
}

/** `slots`, when the placement now gives a shard clearly more of the key space than its weight. */
function otherPlacement(topology: Topology): Proposal[] {
  const segment = newestSegment(topology);
  const labels = topology.shards;
  const plain = compileTopology({ ...topology, segments: [{ ...segment, from: "0", overrides: [] }] });
  const weight = new Map(segment.shards.map((shard) => [shard.label, shard.weight]));
  const total = segment.shards.reduce((sum, shard) => sum + shard.weight, 0);
  const intended = labels.map((label) => (weight.get(label) ?? 0) / total);
  const place = (dialog: string) => plain.place({ dialog, id: SOME_MOMENT, author: 1, client: "" });
  const excess = keySpaceShares(place, intended, 50_000).map((share, i) =>
    intended[i]! > 0 ? share / intended[i]! : 1,
  );
  const most = Math.max(...excess);
  if (most <= UNEVEN) return [];
  const text = `Place by slots instead of ${segment.placement}, which gives shard ${labels[excess.indexOf(most)]} ${most.toFixed(2)} times its share of the dialogs; stored messages must move once.`;
  return [{ action: "change-placement", text, placement: "slots" }];
}

/** Another shard, when the busiest one then gets clearly fewer messages; max/mean, taken over more shards, may grow. */
function oneMoreShard(input: AdviceInput, loads: readonly number[]): Proposal[] {
  const label = nextLabel(input.topology.shards);
  const proposal: Proposal = { action: "add-shard", text: "", shards: [label] };
  const followed = remedyTopology(input.topology, { ...proposal, forecast: { maxOverMean: 1 } });
  const relief = 1 - Math.max(...expectedLoads(followed, input.counts)) / Math.max(...loads);
  if (relief <= 1 - WORTHWHILE) return [];
  const text = `Add shard ${label}: the busiest shard then gets ${percent(relief)} fewer messages.`;
  return [{ ...proposal, text }];
}

function nextLabel(labels: readonly string[]): string {
  return String(Math.max(...labels.map(Number)) + 1).padStart(2, "0");
}

function nothingToDo(now: number, target: number, chance: number): Advice {
  const why =
    now <= chance
      ? `the shards differ no more than chance makes them (max/mean up to ${chance.toFixed(2)})`
      : `max/mean is below the target of ${target}`;
  return { action: "none", text: `Nothing needs to be done: ${why}.`, forecast: { maxOverMean: now } };
}

function nothingHelps(now: number, dialogs: number): Advice {
  const text = `No remedy is clearly better: no dialog is hot and the placement is even; chance put these ${dialogs} dialogs so.`;
  return { action: "none", text, forecast: { maxOverMean: now } };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
