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
  /** Adjusted for all figures that were looked at; below 1 − confidence it is told. */
  readonly adjusted: number;
  /** Ends of the interval of the change, logarithmic; it lies outside the tolerance exactly when the change is told. */
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
 * Decides about all figures together, by Holm's step-down procedure (Scand. J. Statist. 6, 1979): the chance that anything
 * is told of two runs of the same thing stays below 1 − confidence however many figures there are and however they hang
 * together. Shards share a machine, and p50 and p99 their messages, so a procedure that needs independence
 * (Benjamini–Hochberg, and it bounds the share of false alarms only) would promise too much.
 *
 * A change that is not told is "same" when its interval lies within the tolerance (Lakens, Soc. Psychol. Personal. Sci. 8,
 * 2017: equivalence), else "unclear": the runs were too short or too noisy.
 *
 * @param confidence 0 to below 1
 */
export function decide(estimates: readonly Estimate[], confidence: number): Decision[] {
  const alpha = 1 - confidence;
  const m = estimates.length;
  const order = estimates.map((estimate, i) => ({ i, p: pValueOf(estimate) })).sort((x, y) => x.p - y.p);
  const decisions: Decision[] = [];
  let adjusted = 0;
  let level = alpha / Math.max(1, m);
  order.forEach(({ i, p }, step) => {
    const estimate = estimates[i]!;
    const told = adjusted <= alpha && p * (m - step) <= alpha;
    adjusted = Math.max(adjusted, Math.min(1, p * (m - step)));
    // Rows after the first that is not told keep its level: they would not have been told at their own either.
    if (told || step === 0 || decisions[order[step - 1]!.i]!.adjusted <= alpha) level = alpha / (m - step);
    const reach = estimate.error * studentQuantile(level / 2, estimate.freedom);
    const [low, high] = [estimate.change - reach, estimate.change + reach];
    const within = low >= -estimate.tolerance && high <= estimate.tolerance;
    const outcome = told ? (estimate.change > 0 ? "up" : "down") : within ? "same" : "unclear";
    decisions[i] = { pValue: p, adjusted, low, high, outcome };
  });
  return decisions;
}
