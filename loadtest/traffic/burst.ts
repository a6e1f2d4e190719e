/** A burst over quiet traffic: nothing, a linear rise to 1, and a decay as 1 / (1 + x / decay)². Times in ms. */
export interface Burst {
  readonly from: number;
  readonly rise: number;
  /** Time after the peak in which a quarter of it is left; > 0. */
  readonly decay: number;
}

/**
 * The burst's height at a moment, 0 to 1. Attention falls as a power of time (R. Crane and D. Sornette, "Robust dynamic
 * classes revealed by measuring the response function of a social system", PNAS 105, 2008), and a power of 2 needs no
 * function that engines compute differently.
 */
export function burstAt({ from, rise, decay }: Burst, at: number): number {
  if (at < from) return 0;
  if (at < from + rise) return (at - from) / rise;
  const x = 1 + (at - from - rise) / decay;
  return 1 / (x * x);
}

/** ∫ of the height from 0 to a moment, ms. */
export function burstArea({ from, rise, decay }: Burst, until: number): number {
  if (until <= from) return 0;
  if (until < from + rise) return (until - from) ** 2 / (2 * rise);
  const after = until - from - rise;
  return rise / 2 + (decay * after) / (decay + after);
}
