import { studentQuantile, studentTail } from "../../stats/student.ts";

/**
 * What is known of one figure's change, on the scale on which its error is even: logarithms, of shares the plain one.
 */
export interface Estimate {
  /** B − A on that scale. */
  readonly change: number;
  readonly error: number;
  readonly freedom: number;
  /** Changes up to this size, either way, are ignored; ≥ 0. */
  readonly tolerance: number;
}

export interface Decision {
  /** Chance of such a change, or a larger one, where the true one is within the tolerance. */
  readonly pValue: number;
  /**
   * The same times what the figure's level falls short of 1 − confidence by, at most 1; below 1 − confidence it is
   * told.
   */
  readonly adjusted: number;
  /** Ends of the interval of the change; it lies beyond the tolerance exactly when the change is told. */
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

/** @param level chance that the interval misses the truth @param chance of any false alarm */
function decideOne(estimate: Estimate, level: number, chance: number): Decision {
  const { change, error, freedom, tolerance } = estimate;
  const reach = error * studentQuantile(level / 2, freedom);
  const [low, high] = [change - reach, change + reach];
  const pValue = pValueOf(estimate);
  const within = low >= -tolerance && high <= tolerance;
  const outcome = low > tolerance ? "up" : high < -tolerance ? "down" : within ? "same" : "unclear";
  return { pValue, adjusted: Math.min(1, (pValue * chance) / level), low, high, outcome };
}

/**
 * Decides about all figures together: each gets an interval of level 1 − (1 − confidence) ÷ m, and by Bonferroni's
 * inequality all m hold at once with the chance `confidence`, however the figures are correlated. Shards share a
 * machine, and p50 and p99 their messages, so a procedure that needs independence (Benjamini–Hochberg, and it bounds
 * the share of false alarms only) would promise too much.
 *
 * The interval alone decides: "up" or "down" when it lies beyond the tolerance, "same" when it lies within (Lakens,
 * Soc. Psychol. Personal. Sci. 8, 2017: equivalence), else "unclear": the runs were too short or too noisy. Holm's
 * step-down procedure would tell some more figures once one is told, but intervals at its steps do not hold together,
 * and those that do say nothing of the size of what was told (Strassburger & Bretz, Statist. Med. 27, 2008; Guilbaud,
 * Biom. J. 50, 2008). Whether anything is told at all is the same by either.
 *
 * @param confidence 0 to below 1
 */
export function decide(estimates: readonly Estimate[], confidence: number): Decision[] {
  const chance = 1 - confidence;
  return estimates.map((estimate) => decideOne(estimate, chance / estimates.length, chance));
}

/** Of the chance of a false alarm, what the figures of all shards together get; single shards share the rest. */
export const SHARE_OF_WHOLE = 0.8;

/**
 * Decides about the figures of all shards first, and about a shard's below those that are told: few rounds leave few
 * degrees of freedom, and Student's quantile for one of hundreds of figures is then so large that nothing is seen. The
 * figures of all shards get `SHARE_OF_WHOLE` of the chance of a false alarm and single shards the rest; a figure that
 * is told hands its part on to the same figure of the shards (Bretz, Maurer, Brannath & Posch, Statist. Med. 28, 2009).
 * The chance of any false alarm is at most 1 − confidence, however the figures are correlated.
 *
 * @param whole of each figure, the index of the same figure of all shards; null: it is one of these
 */
export function decideInStages(
  estimates: readonly Estimate[],
  whole: readonly (number | null)[],
  confidence: number,
): Decision[] {
  const chance = 1 - confidence;
  const shards = whole.filter((index) => index !== null).length;
  const first = ((shards === 0 ? 1 : SHARE_OF_WHOLE) * chance) / (whole.length - shards);
  const rest = ((1 - SHARE_OF_WHOLE) * chance) / shards;
  const decisions = estimates.map((estimate, i) => (whole[i] === null ? decideOne(estimate, first, chance) : null));
  const isTold = (index: number) => ["up", "down"].includes(decisions[index]?.outcome ?? "");
  return estimates.map((estimate, i) => {
    const above = whole[i] ?? null;
    if (above === null) return decisions[i]!;
    const handed = isTold(above) ? first / whole.filter((index) => index === above).length : 0;
    return decideOne(estimate, rest + handed, chance);
  });
}
