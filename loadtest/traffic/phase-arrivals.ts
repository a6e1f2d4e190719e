import type { Random } from "../stats/random.ts";
import type { Phase } from "./contract.ts";
import { phaseShare } from "./phase-share.ts";
import { createArrivals } from "./poisson.ts";

/** The next moment, ms, ascending; null when there are no more. */
export type Moments = () => number | null;

/**
 * Poisson arrivals of one lane, phase after phase. Where the rate changes, its moments are even in the area under the
 * rate (L. Devroye, Non-Uniform Random Variate Generation, 1986, chapter VI, section 1).
 */
export function poissonMoments(random: Random, phases: readonly Phase[]): Moments {
  return inTurn(
    phases.map((phase, index) => {
      const { untilMs, messages, rates } = phase;
      const fromMs = phases[index - 1]?.untilMs ?? 0;
      if (rates === undefined) return createArrivals(random, fromMs, untilMs, messages);
      const shares = createArrivals(random, 0, 1, messages);
      const { moment } = phaseShare(phase, fromMs);
      return within(fromMs, untilMs, () => {
        const share = shares();
        return share === null ? null : moment(share);
      });
    }),
  );
}

/**
 * Even gaps over all lanes: message k of the n of a phase is due where (k + ½) / n of its area lies behind. A lane goes
 * through all of them and keeps its own.
 *
 * @param owns whether a message, by its number in the schedule, is the lane's
 */
export function evenMoments(phases: readonly Phase[], owns: (message: number) => boolean): Moments {
  let before = 0;
  return inTurn(
    phases.map((phase, index) => {
      const { untilMs, grid = 0 } = phase;
      const fromMs = phases[index - 1]?.untilMs ?? 0;
      const first = before;
      before += grid;
      const { moment } = phaseShare(phase, fromMs);
      let k = 0;
      return within(fromMs, untilMs, () => {
        while (k < grid && !owns(first + k)) k += 1;
        if (k >= grid) return null;
        k += 1;
        return moment((k - 0.5) / grid);
      });
    }),
  );
}

/** Rounding may neither turn two moments round nor reach the end, which belongs to what follows. */
export function within(fromMs: number, untilMs: number, next: Moments): Moments {
  const latest = untilMs * (1 - Number.EPSILON);
  let last = fromMs;
  return () => {
    const at = next();
    if (at === null) return null;
    last = Math.max(last, Math.min(latest, at));
    return last;
  };
}

function inTurn(parts: readonly Moments[]): Moments {
  let current = 0;
  return () => {
    for (; current < parts.length; current += 1) {
      const at = parts[current]!();
      if (at !== null) return at;
    }
    return null;
  };
}
