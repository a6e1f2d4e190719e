import { within, type Moments } from "./phase-arrivals.ts";
import { createArrivals } from "./poisson.ts";
import type { Random } from "../stats/random.ts";

/** A burst over quiet traffic: nothing, a linear rise to 1, and a decay as 1 / (1 + x / decay)². Times in ms. */
export interface Burst {
  readonly from: number;
  readonly rise: number;
  /** Time after the peak in which a quarter of it is left; > 0. */
  readonly decay: number;
}

/**
 * ∫ of the burst's height, 0 to 1, from 0 to a moment, ms. Attention falls as a power of time (R. Crane and D.
 * Sornette, "Robust dynamic classes revealed by measuring the response function of a social system", PNAS 105, 2008),
 * and a power of 2 needs no function that engines compute differently.
 */
export function burstArea({ from, rise, decay }: Burst, until: number): number {
  if (until <= from) return 0;
  if (until < from + rise) return (until - from) ** 2 / (2 * rise);
  const after = until - from - rise;
  return rise / 2 + (decay * after) / (decay + after);
}

/**
 * The moment up to which the area is this, ms: the inverse of `burstArea`. @param area above 0, below that of all time
 */
function burstMoment({ from, rise, decay }: Burst, area: number): number {
  if (area < rise / 2) return from + Math.sqrt(2 * rise * area);
  const rest = area - rise / 2;
  return from + rise + (decay * rest) / (decay - rest);
}

/**
 * Moments of `count` messages that follow the burst, ascending: a Poisson process whose rate is in proportion to the
 * height, given its count. Its moments are even in the area under the curve (L. Devroye, Non-Uniform Random Variate
 * Generation, 1986, chapter VI, section 1).
 *
 * @param endMs none comes later; above `burst.from` unless `count` is 0
 * @returns the next moment, or null after `count` of them
 */
export function createBurstArrivals(random: Random, burst: Burst, endMs: number, count: number): Moments {
  const areas = createArrivals(random, 0, burstArea(burst, endMs), count);
  return within(0, endMs, () => {
    const area = areas();
    return area === null ? null : burstMoment(burst, area);
  });
}
