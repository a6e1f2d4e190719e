import type { Phase } from "./contract.ts";

/**
 * How the messages of a phase lie in its time: the share of them that is due up to a moment, and the other way round.
 */
export interface PhaseShare {
  /** @param at ms after the start of the schedule, within the phase @returns 0…1 */
  readonly share: (at: number) => number;
  /** The inverse. @param share 0…1 */
  readonly moment: (share: number) => number;
}

/**
 * The area under a rate that is constant or changes in a straight line, over the whole area. Only the four operations
 * and the square root, which every engine computes alike.
 *
 * @param fromMs start of the phase, the end of the one before
 */
export function phaseShare({ untilMs, rates }: Pick<Phase, "untilMs" | "rates">, fromMs: number): PhaseShare {
  const span = untilMs - fromMs;
  if (rates === undefined) return { share: (at) => (at - fromMs) / span, moment: (share) => fromMs + span * share };
  const { from, to } = rates;
  // As parts of the span and of the mean rate: y = a x + (1 − a) x², whose a is 0 to 2.
  const a = (2 * from) / (from + to);
  return {
    share(at) {
      const x = (at - fromMs) / span;
      return x * (a + (1 - a) * x);
    },
    // Of the two forms of the root, that without a difference of numbers that are nearly equal.
    moment(share) {
      const root = Math.sqrt(Math.max(0, a * a + 4 * (1 - a) * share));
      return share === 0 ? fromMs : fromMs + span * Math.min(1, (2 * share) / (a + root));
    },
  };
}
