import { expm1Over } from "../stats/exact-math.ts";
import type { Random } from "../stats/random.ts";

/**
 * Poisson arrivals given their number: the moments of `count` independent messages, each anywhere between the two ends,
 * in ascending order. The gaps are those of a Poisson process, and the number is not left to chance.
 *
 * Constant memory: after each moment the least of the `left` others splits what remains of the time by
 * 1 − U^(1/left) (L. Devroye, Non-Uniform Random Variate Generation, 1986, chapter V, section 3).
 *
 * @param from first end, in any unit, >= 0
 * @param until second end, above `from` unless `count` is 0
 * @param count whole, >= 0
 * @returns the next moment, from `from` to below `until`; null after `count` of them
 */
export function createArrivals(random: Random, from: number, until: number, count: number): () => number | null {
  // The last step may round up to the end, which belongs to what follows.
  const latest = until * (1 - Number.EPSILON);
  let at = from;
  let left = count;
  return () => {
    if (left <= 0) return null;
    const x = random.exponential() / left;
    left -= 1;
    at = Math.min(latest, at + (until - at) * x * expm1Over(-x));
    return at;
  };
}
