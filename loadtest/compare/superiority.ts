import type { HistogramData } from "../traffic/histogram.ts";

/**
 * Chance that a message of `b` takes longer than one of `a`, ties counted half: 0.5 when they are alike (Vargha & Delaney,
 * "A critique and improvement of the CL common language effect size", J. Educ. Behav. Stat. 25, 2000). Values of one
 * bucket count as ties.
 *
 * @returns null when either is empty
 */
export function superiority(a: HistogramData, b: HistogramData): number | null {
  if (a.count === 0 || b.count === 0) return null;
  let below = 0;
  let wins = 0;
  let i = 0;
  for (const [index, count] of b.buckets) {
    for (; i < a.buckets.length && a.buckets[i]![0] < index; i += 1) below += a.buckets[i]![1];
    const ties = a.buckets[i]?.[0] === index ? a.buckets[i]![1] : 0;
    wins += count * (below + ties / 2);
  }
  return wins / a.count / b.count;
}
