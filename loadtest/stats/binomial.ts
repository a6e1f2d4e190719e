import { exactExp, exactLog, log1pOver } from "./exact-math.ts";
import type { Random } from "./random.ts";

/** Below this mean the successes are counted up one by one. */
const FEW = 10;

/**
 * How many of `trials` independent trials succeed; the same in every JavaScript engine, in constant time on average.
 *
 * Counted up from 0 where few succeed, else transformed rejection (W. Hörmann, "The generation of binomial random
 * variates", Journal of Statistical Computation and Simulation 46, 1993, algorithm BTRS).
 *
 * @param trials whole, 0 to 2^53 − 1
 * @param chance of one to succeed, 0 to 1; what is no number succeeds never
 */
export function drawBinomial(random: Random, trials: number, chance: number): number {
  if (!(chance > 0) || trials <= 0) return 0;
  if (chance >= 1) return trials;
  if (chance > 0.5) return trials - drawBinomial(random, trials, 1 - chance);
  return trials * chance < FEW ? countUp(random, trials, chance) : rejected(random, trials, chance);
}

/**
 * How many of `trials` fall to each of several, in proportion to weights: one binomial draw after the other, of what is
 * left and what the others weigh.
 *
 * @param weights each >= 0, in any unit; when none is above 0, nothing falls to any
 */
export function drawMultinomial(random: Random, trials: number, weights: readonly number[]): number[] {
  // Sums from the end on: what is left after a subtraction of the first ones would be rounding in the last ones.
  const sums = weights.map((weight) => (weight > 0 ? weight : 0));
  for (let index = sums.length - 2; index >= 0; index -= 1) sums[index]! += sums[index + 1]!;
  let left = trials;
  return weights.map((weight, index) => {
    const drawn = drawBinomial(random, left, weight / sums[index]!);
    left -= drawn;
    return drawn;
  });
}

function countUp(random: Random, trials: number, chance: number): number {
  const odds = chance / (1 - chance);
  let mass = exactExp(-trials * chance * log1pOver(-chance));
  let u = random.uniform();
  let k = 0;
  while (u > mass && k < trials) {
    u -= mass;
    mass *= (odds * (trials - k)) / (k + 1);
    k += 1;
  }
  return k;
}

/** The names and constants are those of the paper. */
function rejected(random: Random, n: number, p: number): number {
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const sure = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const m = Math.floor((n + 1) * p);
  const logOdds = exactLog(p / (1 - p));
  const top = logFactorial(m) + logFactorial(n - m);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = random.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= sure) return k;
    if (k < 0 || k > n) continue;
    const bound = top - logFactorial(k) - logFactorial(n - k) + (k - m) * logOdds;
    if (exactLog((v * alpha) / (a / (us * us) + b)) <= bound) return k;
  }
}

/** ln k!, by Stirling's series from 10 on, exact to 12 digits. @param k whole, >= 0 */
function logFactorial(k: number): number {
  if (k < 10) {
    let product = 1;
    for (let factor = 2; factor <= k; factor += 1) product *= factor;
    return exactLog(product);
  }
  const square = 1 / (k * k);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / k;
  return (k + 0.5) * exactLog(k) - k + exactLog(2 * Math.PI) / 2 + series;
}
