import { createRandom } from "../../stats/random.ts";
import { createThrower, quantileOf, type Random, type Thrower } from "../../stats/sampling.ts";
import type { WeightClass } from "./weight-classes.ts";

/** A distribution: its mean, and its 2.5 % and 97.5 % quantiles. */
export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Random numbers that one simulation draws, about 0.3 s of them; more where the fewest trials need more. */
const DRAWS = 3_000_000;
/** Fewer tell no 2.5 % quantile. On 1,024 shards and keys of all weights they take some seconds. */
const FEWEST = 400;

/**
 * Distribution of max/mean when the classes are thrown on top of loads that stay where they are. Deterministic.
 *
 * @param shares of the key space, Σ = 1, drawn anew for every trial
 * @param fixed messages that no throw moves; its length is the number of shards
 */
export function simulateSkew(
  classes: readonly WeightClass[],
  shares: (random: Random) => readonly number[],
  fixed: readonly number[],
): Spread {
  const shards = fixed.length;
  const cost = classes.reduce((total, { dialogs }) => total + Math.min(dialogs, 2 * shards), 1);
  const trials = Math.max(FEWEST, Math.min(4_000, Math.round(DRAWS / cost)));
  const random = createRandom(11, shards).uniform;
  const total =
    classes.reduce((rest, { weight, dialogs }) => rest + weight * dialogs, 0) + fixed.reduce((a, b) => a + b);
  const loads = new Float64Array(shards);
  const ratios = new Float64Array(trials);
  const throwerOf = rememberThrower();
  for (let trial = 0; trial < trials; trial += 1) {
    loads.set(fixed);
    const toss = throwerOf(shares(random));
    for (const { weight, dialogs } of classes) toss(loads, random, dialogs, weight);
    let most = 0;
    for (const load of loads) most = Math.max(most, load);
    ratios[trial] = (most * shards) / total;
  }
  ratios.sort();
  return {
    mean: ratios.reduce((rest, ratio) => rest + ratio, 0) / trials,
    low: quantileOf(ratios, 0.025),
    high: quantileOf(ratios, 0.975),
  };
}

/** Shares that stay the same from trial to trial need one table. */
function rememberThrower(): (shares: readonly number[]) => Thrower {
  let known: readonly number[] = [1];
  let toss = createThrower(known);
  return (shares) => {
    if (shares !== known) toss = createThrower(shares);
    known = shares;
    return toss;
  };
}
