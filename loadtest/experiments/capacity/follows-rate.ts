import { count, perSecond } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";

/** A valid run, and the rate that was asked of it. */
export interface RunAtRate {
  readonly rate: number;
  readonly planned: number;
}

/** Standard deviations of a Poisson count that are still chance: one honest run in a million is farther off. */
const CHANCE = 5;
/** A recorded rate is the rate asked for, but for its digits. */
const DIGITS = 0.01;

/**
 * Whether the scenario makes the traffic that --rate asks for: one that does not, as a file with times, has no capacity
 * that a search by rate could find. Its run records another rate; or, at another rate than the first run, its schedule
 * holds about as many messages, and has moved by less than half of what the rate did.
 *
 * @param first of the search; null: this is it
 * @returns what is wrong, in words; null when nothing is
 */
export function strayFromRate(first: RunAtRate | null, rate: number, { run, traffic }: Result): string | null {
  const recorded = Number(run.dials["rate"]);
  const seconds = run.durationS + Number(run.dials["warmupS"] ?? 0);
  const chance = (CHANCE * Math.sqrt(Math.max(1, rate * seconds))) / seconds;
  if (Math.abs(recorded - rate) > DIGITS * rate + chance) {
    return `asked for ${perSecond(rate)} it ran at ${perSecond(recorded)} (${count(traffic.planned)} messages)`;
  }
  if (first === null) return null;
  const expected = (first.planned * rate) / first.rate;
  const allowed = Math.abs(expected - first.planned) / 2 + CHANCE * Math.sqrt(expected + first.planned);
  if (Math.abs(traffic.planned - expected) <= allowed) return null;
  return (
    `at ${perSecond(first.rate)} its schedule held ${count(first.planned)} messages, at ${perSecond(rate)} ` +
    count(traffic.planned)
  );
}
