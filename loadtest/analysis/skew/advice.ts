import type { Topology } from "../../../server/placement/contract.ts";
import type { Advice } from "../result/result.ts";
import { expectedLoads, hotDialogs, NO_LIGHT_DIALOGS, type LightDialogs, type HotDialog } from "./forecast.ts";
import { newestSegment, whereNow } from "./newest-segment.ts";
import { addShard, changePlacement, treatDialog } from "./proposals.ts";
import { remedyTopology } from "./remedy.ts";
import { noiseFloor } from "./noise-floor.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import type { DialogCount } from "./what-if.ts";

export interface AdviceInput {
  readonly topology: Topology;
  /** Messages per dialog, or per dialog and time bucket where the newest segment places by time; in any order. */
  readonly counts: readonly DialogCount[];
  /** Further dialogs, none of which is hot. */
  readonly light?: LightDialogs;
  /** max/mean up to which nothing needs to be done, above 1; default 1.25. */
  readonly target?: number;
  /** Whether other dialogs become hot while the traffic goes on; then none is worth a pin or a split. */
  readonly walks?: boolean;
}

/** Dialogs that are treated at most. */
const STEPS = 3;
/** A remedy must take this part off what max/mean is above 1, or it is not worth its move. */
const WORTHWHILE = 0.2;
/** Steps that bring no more than the rest of the gain are left out. */
const MOST_OF_IT = 0.9;

const isWorthwhile = (now: number, then: number): boolean => now - then >= WORTHWHILE * (now - 1);

/**
 * What to do about the skew of these dialogs, best first: what reaches the target before what does not, then pins and
 * splits, another placement, another shard. These are alternatives, except that pins and splits of several hot dialogs
 * are steps: each one's forecast has the ones before it followed. "none" comes alone.
 *
 * Nothing is advised that takes less than a fifth off what max/mean is above 1: a move costs more than that is worth,
 * and the next hour's dialogs vary by as much. Where chance alone explains the skew (its 99 % quantile, `noiseFloor`)
 * one step must do so by itself: several heavy dialogs that met or parted by chance will do so again.
 *
 * Forecasts are max/mean of the remedied topology over these very counts (see `expectedLoads`).
 */
export function advise(input: AdviceInput): Advice[] {
  const { topology, light = NO_LIGHT_DIALOGS, target = 1.25, walks = false } = input;
  const counts = mergeOverridden(topology, input.counts);
  const now = maxOverMean(expectedLoads(topology, counts, light));
  const chance = noiseFloor(counts.length + light.dialogs, topology.shards.length).p99;
  const tolerable = leastMaxOverMean(topology, counts, light) > target ? target : Math.max(target, chance);
  if (now <= tolerable) return [nothingToDo(now, target, chance)];
  const placement = changePlacement(topology, counts, light);
  const shard = addShard(topology, counts, light);
  const treated = walks ? [] : treatDialogs({ ...input, counts }, now, now <= chance ? 1 : STEPS);
  const ways = [treated, placement === null ? [] : [placement], shard === null ? [] : [shard]].filter((steps) =>
    isWorthwhile(now, outcome(steps)),
  );
  if (ways.length === 0) return [nothingHelps(now, chance, target, walks)];
  ways.sort((a, b) => shortOf(target, a) - shortOf(target, b));
  return outcome(ways[0]!) > target ? missing(target, ways.flat()) : ways.flat();
}

/** What a hash throws: a pin or a split holds a dialog for all times together. */
function mergeOverridden(topology: Topology, counts: readonly DialogCount[]): readonly DialogCount[] {
  const overridden = new Set(newestSegment(topology).overrides.map(({ dialog }) => dialog));
  const held = new Map<string, number>();
  const free = counts.filter(({ dialog, count, id }) => {
    if (id === undefined || !overridden.has(dialog)) return true;
    held.set(dialog, (held.get(dialog) ?? 0) + count);
    return false;
  });
  return held.size === 0 ? counts : [...free, ...[...held].map(([dialog, count]) => ({ dialog, count }))];
}

/** The last of them says that all of them are not enough. */
function missing(target: number, advice: readonly Advice[]): Advice[] {
  const last = advice.at(-1)!;
  return [
    ...advice.slice(0, -1),
    { ...last, text: `${last.text} No remedy was found that reaches the target of ${target}.` },
  ];
}

/** Of any layout that splits nothing more: the heaviest key lies somewhere. Above it nothing is chance. */
function leastMaxOverMean(topology: Topology, counts: readonly DialogCount[], { messages }: LightDialogs): number {
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
function treatDialogs(input: AdviceInput, now: number, mostSteps: number): Advice[] {
  const { topology, counts, light = NO_LIGHT_DIALOGS, target = 1.25 } = input;
  const steps: Advice[] = [];
  let followed = topology;
  while (steps.length < mostSteps && outcome(steps) > target) {
    const [hot, ...later] = suspects(followed, counts, light, target, new Set(steps.map(({ dialog }) => dialog)));
    if (hot === undefined) break;
    // The dialogs that are still to be treated would hide what this one's remedy does.
    const others = new Set(later.map(({ dialog }) => dialog));
    const visible = counts.filter(({ dialog }) => !others.has(dialog));
    const advice = treatDialog(followed, visible, hot, target, light);
    if (advice === null) break;
    followed = remedyTopology(followed, advice);
    steps.push({ ...advice, forecast: { maxOverMean: maxOverMean(expectedLoads(followed, counts, light)) } });
  }
  return inWords(neededOf(steps, now, target), now);
}

/** The fewest of these steps that reach the target, or else have most of what they gain together. */
function neededOf(steps: readonly Advice[], now: number, target: number): Advice[] {
  const outcomes = steps.map(({ forecast }) => forecast.maxOverMean);
  const best = Math.min(...outcomes);
  const enough = best <= target ? target : now - MOST_OF_IT * (now - best);
  return steps.slice(0, outcomes.findIndex((one) => one <= enough) + 1);
}

function inWords(steps: readonly Advice[], now: number): Advice[] {
  return steps.map((step, i) => {
    const text = i === 0 ? step.text : `Then ${step.text.charAt(0).toLowerCase()}${step.text.slice(1)}`;
    const alone = i === steps.length - 1 || isWorthwhile(now, step.forecast.maxOverMean);
    return { ...step, text: alone ? text : `${text} It helps only together with the next step.` };
  });
}

/** The hot dialogs; without any, the heaviest of the busiest shard, where several that are not hot alone may meet. */
function suspects(
  topology: Topology,
  counts: readonly DialogCount[],
  light: LightDialogs,
  target: number,
  treated: ReadonlySet<string | undefined>,
): HotDialog[] {
  const hot = hotDialogs(topology, counts, target, light).filter(({ dialog }) => !treated.has(dialog));
  if (hot.length > 0) return hot.slice(0, STEPS);
  const loads = expectedLoads(topology, counts, light);
  const busiest = loads.indexOf(Math.max(...loads));
  const shardsOf = whereNow(topology);
  const total = loads.reduce((sum, load) => sum + load, 0);
  let most: DialogCount | null = null;
  for (const one of counts) {
    if (one.count <= (most?.count ?? 0) || treated.has(one.dialog)) continue;
    if (shardsOf(one.dialog, one.id).includes(busiest)) most = one;
  }
  if (most === null) return [];
  const { dialog } = most;
  const messages = counts.reduce((sum, one) => sum + (one.dialog === dialog ? one.count : 0), 0);
  return [{ dialog, share: messages / total }];
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
  return { action: "none", text: `The placement needs no change: ${why}.`, forecast: { maxOverMean: now } };
}

/** Why nothing is advised though the target is missed. */
function nothingHelps(now: number, chance: number, target: number, walks: boolean): Advice {
  const why = walks
    ? "the hot dialogs change while the traffic goes on, and a pin or a split would follow yesterday's star"
    : now <= chance
      ? `chance alone makes so few dialogs this uneven (max/mean up to ${chance.toFixed(2)})`
      : "none that was found takes a fifth off what max/mean is above 1";
  const text = `No remedy is worth its move: ${why}. The target of ${target} is missed.`;
  return { action: "none", text, forecast: { maxOverMean: now } };
}
