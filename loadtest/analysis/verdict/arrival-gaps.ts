import { CHANCE } from "./deviation.ts";

/** How far the gaps are from those of Poisson arrivals. */
export interface GapDistance {
  /** Largest distance between the shares of gaps up to a length, realised and expected; 0…1. */
  readonly distance: number;
  /** What chance explains. */
  readonly tolerance: number;
  readonly gaps: number;
}

/** Messages that do not lie in their places in a row of even gaps. @param bins as of `createGapBins` with even gaps */
export function outOfRow(bins: readonly number[]): number {
  return bins.slice(1).reduce((sum, count) => sum + count, 0);
}

/**
 * Kolmogorov's distance, at the edges of equally likely bins, with the bound of Dvoretzky, Kiefer and Wolfowitz in
 * Massart's form (Annals of Probability 18, 1990): P(D > ε) <= 2 exp(−2 n ε²). Bins can only make D smaller.
 *
 * @param bins gaps by bin of equal chance
 */
export function gapDistance(bins: readonly number[]): GapDistance {
  const gaps = bins.reduce((sum, count) => sum + count, 0);
  let below = 0;
  let distance = 0;
  for (const [i, count] of bins.entries()) {
    below += count;
    distance = Math.max(distance, Math.abs(below / Math.max(1, gaps) - (i + 1) / bins.length));
  }
  return { distance, tolerance: Math.sqrt(Math.log(2 / CHANCE) / (2 * Math.max(1, gaps))), gaps };
}
