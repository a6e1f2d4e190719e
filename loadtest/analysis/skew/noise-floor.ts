import { createRandom } from "../../stats/random.ts";
import { quantileOf, throwInto } from "../../stats/sampling.ts";

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
