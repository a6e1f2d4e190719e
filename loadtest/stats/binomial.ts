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
export function drawBinomial(uniform: () => number, trials: number, chance: number): number {
  if (!(chance > 0) || trials <= 0) return 0;
  if (chance >= 1) return trials;
  if (chance > 0.5) return trials - drawBinomial(uniform, trials, 1 - chance);
  return trials * chance < FEW ? countUp(uniform, trials, chance) : rejected(uniform, trials, chance);
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
    const drawn = drawBinomial(random.uniform, left, weight / sums[index]!);
    left -= drawn;
    return drawn;
  });
}

function countUp(uniform: () => number, trials: number, chance: number): number {
  const odds = chance / (1 - chance);
  let mass = noneSucceeds(trials, chance);
  let u = uniform();
  let k = 0;
  while (u > mass && k < trials) {
    u -= mass;
    mass *= (odds * (trials - k)) / (k + 1);
    k += 1;
  }
  return k;
}

/** (1 − chance)^trials: of few trials by multiplication, which is quick and loses no more than their number of digits. */
function noneSucceeds(trials: number, chance: number): number {
  if (trials > 1_000_000) return exactExp(-trials * chance * log1pOver(-chance));
  let [mass, power] = [1, 1 - chance];
  for (let left = trials; left > 0; left >>>= 1) {
    if (left % 2 === 1) mass *= power;
    power *= power;
  }
  return mass;
}

/** The names and constants are those of the paper. */
function rejected(uniform: () => number, n: number, p: number): number {
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const sure = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const m = Math.floor((n + 1) * p);
  const odds = p / (1 - p);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= sure) return k;
    if (k < 0 || k > n) continue;
    const bound =
      (m + 0.5) * exactLog((m + 1) / (odds * (n - m + 1))) +
      (n + 1) * exactLog((n - m + 1) / (n - k + 1)) +
      (k + 0.5) * exactLog((odds * (n - k + 1)) / (k + 1)) +
      (stirlingTail(m) + stirlingTail(n - m) - stirlingTail(k) - stirlingTail(n - k));
    if (exactLog((v * alpha) / (a / (us * us) + b)) <= bound) return k;
  }
}

/** ln k! without the leading terms of Stirling's series in k + 1: of few exact, of others to 9 digits after the point. */
const tails = Float64Array.from({ length: 10 }, (_, k) => {
  let factorial = 1;
  for (let factor = 2; factor <= k; factor += 1) factorial *= factor;
  return exactLog(factorial) - (exactLog(2 * Math.PI) / 2 + (k + 0.5) * exactLog(k + 1) - (k + 1));
});

function stirlingTail(k: number): number {
  const square = (k + 1) ** 2;
  return tails[k] ?? (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}
