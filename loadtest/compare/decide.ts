import { studentQuantile, studentTail } from "../analysis/student.ts";

/** What is known of one figure's change, on the logarithmic scale. */
export interface Estimate {
  /** ln(B ÷ A). */
  readonly change: number;
  readonly error: number;
  readonly freedom: number;
  /** Changes up to this size, either way, are nobody's concern; ≥ 0. */
  readonly tolerance: number;
}

export interface Decision {
  /** Chance of such a change, or a larger one, where the true one is within the tolerance. */
  readonly pValue: number;
  /** The same times the number of figures that were looked at, at most 1; below 1 − confidence it is told. */
  readonly adjusted: number;
  /** Ends of the interval of the change, logarithmic; it lies beyond the tolerance exactly when the change is told. */
  readonly low: number;
  readonly high: number;
  readonly outcome: "up" | "down" | "same" | "unclear";
}

/** The minimum-effect test (Murphy & Myors, J. Appl. Psychol. 84, 1999): is the change larger than the tolerance? */
function pValueOf({ change, error, freedom, tolerance }: Estimate): number {
  const beyond = Math.abs(change) - tolerance;
  if (error === 0) return beyond > 0 ? 0 : 1;
  return Math.min(1, 2 * studentTail(beyond / error, freedom));
}

/**
 * Decides about all figures together: each gets an interval of level 1 − (1 − confidence) ÷ m, and by Bonferroni's inequality
 * all m hold at once with the chance `confidence`, however the figures hang together. Shards share a machine, and p50 and
 * p99 their messages, so a procedure that needs independence (Benjamini–Hochberg, and it bounds the share of false alarms
 * only) would promise too much.
 *
 * The interval alone decides: "up" or "down" when it lies beyond the tolerance, "same" when it lies within (Lakens, Soc.
 * Psychol. Personal. Sci. 8, 2017: equivalence), else "unclear": the runs were too short or too noisy. Holm's step-down
 * procedure would tell some more figures once one is told, but intervals at its steps do not hold together, and those
 * that do say nothing of the size of what was told (Strassburger & Bretz, Statist. Med. 27, 2008; Guilbaud, Biom. J. 50,
 * 2008). Whether anything is told at all is the same by either.
 *
 * @param confidence 0 to below 1
 */
export function decide(estimates: readonly Estimate[], confidence: number): Decision[] {
  const m = estimates.length;
  const tail = (1 - confidence) / m / 2;
  return estimates.map((estimate) => {
    const { change, error, freedom, tolerance } = estimate;
    const reach = error * studentQuantile(tail, freedom);
    const [low, high] = [change - reach, change + reach];
    const pValue = pValueOf(estimate);
    const within = low >= -tolerance && high <= tolerance;
    const outcome = low > tolerance ? "up" : high < -tolerance ? "down" : within ? "same" : "unclear";
    return { pValue, adjusted: Math.min(1, pValue * m), low, high, outcome };
  });
}
