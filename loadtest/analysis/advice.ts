import type { Topology } from "../../server/placement/contract.ts";
import type { Advice } from "../report/result.ts";
import { expectedLoads, hotDialogs, NOBODY, type Crowd, type HotDialog } from "./forecast.ts";
import { newestSegment, whereNow } from "./newest-segment.ts";
import { addShard, changePlacement, mendDialog } from "./proposals.ts";
import { remedyTopology } from "./remedy.ts";
import { noiseFloor } from "./noise-floor.ts";
import { maxOverMean } from "../../server/placement/skew.ts";
import type { DialogCount } from "./what-if.ts";

export interface AdviceInput {
  readonly topology: Topology;
  /** Messages per dialog, in any order. */
  readonly counts: readonly DialogCount[];
  /** Further dialogs, none of which is hot. */
  readonly crowd?: Crowd;
  /** max/mean up to which nothing needs to be done, above 1; default 1.25. */
  readonly target?: number;
}

/** Dialogs that are mended at most. */
const STEPS = 3;
/** A remedy that takes less off max/mean is not worth its move. */
const WORTHWHILE = 0.95;

/**
 * What to do about the skew of these dialogs, best first: what reaches the target before what does not, then pins and
 * splits, another placement, another shard. These are alternatives, except that pins and splits of several hot dialogs
 * are steps: each one's forecast has the ones before it followed. "none" comes alone.
 *
 * Forecasts are max/mean of the remedied topology over these very counts (see `expectedLoads`).
 */
export function advise(input: AdviceInput): Advice[] {
  const { topology, counts, crowd = NOBODY, target = 1.25 } = input;
  const now = maxOverMean(expectedLoads(topology, counts, crowd));
  const dialogs = counts.length + crowd.dialogs;
  const chance = noiseFloor(dialogs, topology.shards.length).p99;
  const tolerable = leastMaxOverMean(topology, counts, crowd) > target ? target : Math.max(target, chance);
  if (now <= tolerable) return [nothingToDo(now, target, chance)];
  const placement = changePlacement(topology, counts, crowd);
  const shard = addShard(topology, counts, crowd);
  const ways = [mendDialogs(topology, counts, crowd, target), placement === null ? [] : [placement]]
    .filter((steps) => outcome(steps) < now * WORTHWHILE)
    .concat(shard === null ? [] : [[shard]]);
  if (ways.length === 0) return [nothingHelps(now, dialogs)];
  return ways.sort((a, b) => shortOf(target, a) - shortOf(target, b)).flat();
}

/** Of any layout that splits nothing more: the heaviest dialog lies somewhere. Above it nothing is chance. */
function leastMaxOverMean(topology: Topology, counts: readonly DialogCount[], { messages }: Crowd): number {
  const split = new Set(
    newestSegment(topology).overrides.flatMap(({ action, dialog }) => (action === "split" ? dialog : [])),
  );
  let [total, most] = [messages, 0];
  for (const { dialog, count } of counts) {
    total += count;
    if (!split.has(dialog)) most = Math.max(most, count);
  }
  return total === 0 ? 1 : (topology.shards.length * most) / total;
}

/** Pins or splits one dialog after the other until the target is reached, or as far as that helps. */
function mendDialogs(topology: Topology, counts: readonly DialogCount[], crowd: Crowd, target: number): Advice[] {
  const steps: Advice[] = [];
  let followed = topology;
  while (steps.length < STEPS && outcome(steps) > target) {
    const [hot, ...later] = suspects(followed, counts, crowd, target, new Set(steps.map(({ dialog }) => dialog)));
    if (hot === undefined) break;
    // The dialogs that are still to be mended would hide what this one's remedy does.
    const others = new Set(later.map(({ dialog }) => dialog));
    const visible = counts.filter(({ dialog }) => !others.has(dialog));
    const advice = mendDialog(followed, visible, hot, target, crowd);
    if (advice === null) break;
    followed = remedyTopology(followed, advice);
    const text =
      steps.length === 0 ? advice.text : `Then ${advice.text.charAt(0).toLowerCase()}${advice.text.slice(1)}`;
    steps.push({ ...advice, text, forecast: { maxOverMean: maxOverMean(expectedLoads(followed, counts, crowd)) } });
  }
  const outcomes = steps.map(({ forecast }) => forecast.maxOverMean);
  return steps.slice(0, outcomes.indexOf(Math.min(...outcomes)) + 1);
}

/** The hot dialogs; without any, the heaviest of the busiest shard, where several that are not hot alone may meet. */
function suspects(
  topology: Topology,
  counts: readonly DialogCount[],
  crowd: Crowd,
  target: number,
  mended: ReadonlySet<string | undefined>,
): HotDialog[] {
  const hot = hotDialogs(topology, counts, target, crowd).filter(({ dialog }) => !mended.has(dialog));
  if (hot.length > 0) return hot.slice(0, STEPS);
  const loads = expectedLoads(topology, counts, crowd);
  const busiest = loads.indexOf(Math.max(...loads));
  const shardsOf = whereNow(topology);
  const total = loads.reduce((sum, load) => sum + load, 0);
  let most: DialogCount | null = null;
  for (const one of counts) {
    if (one.count <= (most?.count ?? 0) || mended.has(one.dialog)) continue;
    if (shardsOf(one.dialog).includes(busiest)) most = one;
  }
  return most === null ? [] : [{ dialog: most.dialog, share: most.count / total }];
}

/** max/mean once all steps are followed; infinite without a step. */
function outcome(steps: readonly Advice[]): number {
  return steps.at(-1)?.forecast.maxOverMean ?? Infinity;
}

/** 0 for all ways that reach the target: then the cheaper kind of remedy goes first. */
function shortOf(target: number, steps: readonly Advice[]): number {
  return Math.max(0, outcome(steps) - target);
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
