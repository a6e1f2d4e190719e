import { createRandom } from "../../stats/random.ts";
import { createThrower } from "../../stats/sampling.ts";
import { simulateTrials, type Spread } from "./simulate.ts";

/**
 * Max/mean of `keys` equally heavy keys on `shards` shards under a perfect hash (each key falls anywhere with the same
 * chance, independently): what no placement can be blamed for. Simulated by exact multinomial draws with a fixed seed;
 * the standard error of the mean is below 2 % of (mean − 1).
 *
 * @param keys distinct dialogs, not messages; 0 gives 1
 */
export function noiseFloor(keys: number, shards: number): Spread {
  if (keys < 1 || shards < 2) return { mean: 1, low: 1, high: 1, p99: 1 };
  const random = createRandom(7, shards).uniform;
  const toss = createThrower(Array.from<number>({ length: shards }).fill(1 / shards));
  const trials = Math.max(2_000, Math.min(8_000, Math.round(160_000 / shards)));
  return simulateTrials(trials, new Float64Array(shards), keys, (loads) => toss(loads, random, keys, 1));
}
