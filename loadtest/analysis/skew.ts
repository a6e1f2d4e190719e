import { sum } from "d3-array";
import { createRandom } from "../traffic/random.ts";
import { quantileOf, throwInto } from "./sampling.ts";

/** Largest load over the mean of all shards, idle shards included; 1 (even) … number of shards. 1 when all are idle. */
export function maxOverMean(loads: readonly number[]): number {
  const total = sum(loads);
  return total > 0 ? (Math.max(...loads) * loads.length) / total : 1;
}

/** Total over the largest load: as many even shards would carry this traffic as badly; 1 … number of shards. */
export function effectiveShards(loads: readonly number[]): number {
  return loads.length / maxOverMean(loads);
}

/** Coefficient of variation: population standard deviation over the mean; 0 (even) … √(shards − 1). */
export function variationCoefficient(loads: readonly number[]): number {
  const mean = sum(loads) / loads.length;
  if (!(mean > 0)) return 0;
  return Math.sqrt(sum(loads, (load) => (load - mean) ** 2) / loads.length) / mean;
}

/** Gini coefficient (Gini 1912, by the sorted-rank formula): 0 (even) … 1 − 1/shards (all on one). */
export function gini(loads: readonly number[]): number {
  const total = sum(loads);
  if (!(total > 0)) return 0;
  const n = loads.length;
  const ranked = [...loads].sort((a, b) => a - b).reduce((rest, load, i) => rest + (2 * (i + 1) - n - 1) * load, 0);
  return ranked / (n * total);
}

export interface NoiseFloor {
  /** Expected max/mean. */
  readonly mean: number;
  /** Its 2.5 %, 97.5 % and 99 % quantiles. */
  readonly low: number;
  readonly high: number;
  readonly p99: number;
}

/**
 * Max/mean of `keys` equally heavy keys on `shards` shards under a perfect hash (each key falls anywhere with the same
 * chance, independently): what no placement can be blamed for. Simulated by exact multinomial draws with a fixed seed;
 * the standard error of the mean is below 2 % of (mean − 1).
 *
 * @param keys distinct dialogs, not messages; 0 gives 1
 */
export function noiseFloor(keys: number, shards: number): NoiseFloor {
  if (keys < 1 || shards < 2) return { mean: 1, low: 1, high: 1, p99: 1 };
  const random = createRandom(7, shards).uniform;
  const shares = Array.from<number>({ length: shards }).fill(1 / shards);
  const trials = Math.max(2_000, Math.min(8_000, Math.round(160_000 / shards)));
  const ratios = new Float64Array(trials);
  const loads = new Float64Array(shards);
  for (let trial = 0; trial < trials; trial += 1) {
    loads.fill(0);
    throwInto(loads, random, keys, shares, 1);
    let most = 0;
    for (const load of loads) most = Math.max(most, load);
    ratios[trial] = (most * shards) / keys;
  }
  ratios.sort();
  const mean = ratios.reduce((total, ratio) => total + ratio, 0) / trials;
  return { mean, low: quantileOf(ratios, 0.025), high: quantileOf(ratios, 0.975), p99: quantileOf(ratios, 0.99) };
}
