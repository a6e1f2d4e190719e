import type { Slice } from "../../measurement/measurement.ts";

/**
 * Messages per second that a run made in its best seconds: the 90 % quantile of the acknowledged messages per second of
 * the schedule. What a generator at its limit can do.
 *
 * @param scheduleS seconds of the schedule; what came later was sent in it
 * @returns null when no second of it is whole
 */
export function reachedRate(slices: readonly Slice[], scheduleS: number): number | null {
  const perSlice = new Map<number, { acked: number; seconds: number }>();
  for (const { second, seconds = 1, acked } of slices) {
    if (second + seconds > scheduleS) continue;
    const total = perSlice.get(second) ?? { acked: 0, seconds };
    total.acked += acked;
    perSlice.set(second, total);
  }
  const rates = [...perSlice.values()].map(({ acked, seconds }) => acked / seconds).sort((a, b) => a - b);
  return rates[Math.max(0, Math.ceil(rates.length * 0.9) - 1)] ?? null;
}
