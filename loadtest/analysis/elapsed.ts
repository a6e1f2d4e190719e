import { arrivalsOf } from "../traffic/arrivals/registry.ts";
import type { Measurement } from "../measurement/measurement.ts";
import type { Dials, Story } from "../traffic/contract.ts";

/**
 * Seconds of the schedule that a run went through, its warm-up included. Of an interrupted one whose pace is even, what
 * was planned tells; of another the slices do, to a slice's width.
 *
 * @param expected `Story.expected`: given by stories with a pace of their own
 * @returns at least 1, at most the whole schedule
 */
export function elapsedSeconds(
  { cutAtS, interrupted, planned, slices }: Pick<Measurement, "cutAtS" | "interrupted" | "planned" | "slices">,
  dials: Dials,
  expected: Story["expected"],
): number {
  const whole = dials.warmupS + dials.durationS;
  if (!interrupted) return Math.min(whole, cutAtS ?? whole);
  const ends = slices.map(({ acked, second, seconds = 1 }) => (acked > 0 ? second + seconds : 0));
  const arrivals = arrivalsOf(dials);
  const isSteady = expected === undefined && arrivals.isOpen && arrivals.pieces.length === 0;
  const reached = isSteady ? planned / arrivals.last : ends.reduce((last, end) => Math.max(last, end), 0);
  return Math.min(whole, Math.max(1, reached));
}
