/** Bins of equal chance: under Poisson arrivals each gets as many gaps. */
const GAP_BINS = 64;

/** Counts the gaps between the intended moments of the messages that one generator sends, in constant memory. */
export interface GapBins {
  /** @param at milliseconds after the start of the schedule, ascending */
  sent(at: number): void;
  /** Gaps by bin; bins of several generators add up. */
  readonly counts: readonly number[];
}

/**
 * Gaps between Poisson arrivals are exponential, so u = 1 − exp(−gap × rate) is even between 0 and 1, whatever the rate:
 * the bins are those of u.
 *
 * @param perS messages per second that this generator's lanes are meant to make
 */
export function createGapBins(perS: number): GapBins {
  const counts = Array.from<number>({ length: GAP_BINS }).fill(0);
  let last = 0;
  return {
    sent(at) {
      const u = 1 - Math.exp((-perS * (at - last)) / 1000);
      const bin = Math.min(GAP_BINS - 1, Math.max(0, Math.floor(u * GAP_BINS)));
      counts[bin]! += 1;
      last = at;
    },
    counts,
  };
}

/** The gaps of several generators together; those of one that kept none count for nothing. */
export function addGapBins(parts: readonly (readonly number[])[]): number[] {
  return Array.from({ length: GAP_BINS }, (_, bin) => parts.reduce((sum, counts) => sum + (counts[bin] ?? 0), 0));
}
