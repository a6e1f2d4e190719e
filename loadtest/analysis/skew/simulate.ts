import { sum } from "d3-array";
import { createRandom } from "../../stats/random.ts";
import { createThrower, quantileOf } from "../../stats/sampling.ts";
import type { WeightClass } from "./weight-classes.ts";

/** A distribution: its mean, and its 2.5 %, 97.5 % and 99 % quantiles. */
export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly p99: number;
}

/** Random numbers that one simulation draws, about 0.3 s of them; more where the fewest trials need more. */
const DRAWS = 3_000_000;
/** Fewer tell no 2.5 % quantile. On 1,024 shards and keys of all weights they take some seconds. */
const FEWEST = 400;

/**
 * Distribution of max/mean over trials.
 *
 * @param fixed messages that no throw moves; its length is the number of shards
 * @param total messages, those that are thrown among them
 * @param toss adds to the loads what one trial throws
 */
export function simulateTrials(
  trials: number,
  fixed: ArrayLike<number>,
  total: number,
  toss: (loads: Float64Array) => void,
): Spread {
  const loads = new Float64Array(fixed.length);
  const ratios = Float64Array.from({ length: trials }, () => {
    loads.set(fixed);
    toss(loads);
    return (loads.reduce((most, load) => Math.max(most, load), 0) * loads.length) / total;
  }).sort();
  const [low, high, p99] = [0.025, 0.975, 0.99].map((q) => quantileOf(ratios, q)) as [number, number, number];
  return { mean: sum(ratios) / trials, low, high, p99 };
}

/**
 * Distribution of max/mean when the classes are thrown on top of loads that stay where they are. Deterministic.
 *
 * @param shares of the key space, Σ = 1
 * @param fixed messages that no throw moves; its length is the number of shards
 */
export function simulateSkew(
  classes: readonly WeightClass[],
  shares: readonly number[],
  fixed: readonly number[],
): Spread {
  const shards = fixed.length;
  const cost = sum(classes, ({ dialogs }) => Math.min(dialogs, 2 * shards)) + 1;
  const trials = Math.max(FEWEST, Math.min(4_000, Math.round(DRAWS / cost)));
  const random = createRandom(11, shards).uniform;
  const total = sum(classes, ({ weight, dialogs }) => weight * dialogs) + sum(fixed);
  const toss = createThrower(shares);
  return simulateTrials(trials, fixed, total, (loads) => {
    for (const { weight, dialogs } of classes) toss(loads, random, dialogs, weight);
  });
}
