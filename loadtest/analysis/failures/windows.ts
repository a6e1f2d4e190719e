import type { Slice } from "../../measurement/measurement.ts";
import type { RunWindow } from "../../traffic/contract.ts";
import {
  EMPTY_HISTOGRAM,
  mergePacked,
  unpackHistogram,
  type SmallHistogram,
} from "../../measurement/packed-histogram.ts";
import { quantilesOf } from "../../measurement/histogram.ts";
import type { Result } from "../result/result.ts";

/** So many seconds in a row must be as good as before. */
const STEADY_S = 3;
/** A second is as good when its p99 is at most so many times the worst second's before the fault. */
const AS_GOOD = 1.25;

const failedIn = ({ failed = {} }: Slice): number => Object.values(failed).reduce((sum, count) => sum + count, 0);

function inside(slices: readonly Slice[], { fromS, untilS }: Pick<RunWindow, "fromS" | "untilS">): Slice[] {
  return slices.filter(({ second }) => second >= fromS && second < untilS);
}

function deliveryIn(slices: readonly Slice[]) {
  const all = slices.reduce<SmallHistogram>(
    (sum, { warmup, delivery }) =>
      mergePacked(mergePacked(sum, warmup ?? EMPTY_HISTOGRAM), delivery ?? EMPTY_HISTOGRAM),
    EMPTY_HISTOGRAM,
  );
  const data = unpackHistogram(all);
  return data.count === 0 ? null : quantilesOf(data, ["p50", "p95", "p99"]);
}

/** All shards together, slice of time by slice of time. */
export function momentsIn(slices: readonly Slice[], window: Pick<RunWindow, "fromS" | "untilS">) {
  return [...Map.groupBy(inside(slices, window), ({ second }) => second)]
    .sort(([a], [b]) => a - b)
    .map(([start, own]) => {
      const seconds = Math.max(...own.map((slice) => slice.seconds ?? 1));
      const failed = own.reduce((sum, slice) => sum + failedIn(slice), 0);
      const acked = own.reduce((sum, slice) => sum + slice.acked, 0);
      return { endS: start + seconds, seconds, acked, failed, p99: deliveryIn(own)?.p99 ?? null };
    });
}

/** Each window's figures, to the width of the run's slices (a second; more in runs of over five minutes). */
export function windowFigures(windows: readonly RunWindow[], slices: readonly Slice[]): Result["windows"] {
  return windows.map(({ name, fromS, untilS }) => {
    const own = inside(slices, { fromS, untilS });
    const acked = own.reduce((sum, slice) => sum + slice.acked, 0);
    return {
      name,
      fromS,
      untilS,
      failed: own.reduce((sum, slice) => sum + failedIn(slice), 0),
      acked,
      ratePerS: acked / (untilS - fromS),
      deliveryMs: deliveryIn(own),
    };
  });
}

/**
 * Seconds from the start of the fault (the second window) until the server was as good as before it: for three seconds
 * in a row no message failed, and no second's p99 was above 1.25 times that of the worst second before. A second in
 * which nothing came is none of them, unless there was one before the fault, too: then silence tells nothing. A fault
 * may be later than its window's start: what was good before the last failed message in it, or the first slow second,
 * is no recovery.
 *
 * @returns null with fewer than two windows, or when it was not seen to recover
 */
export function recoveryS(windows: readonly RunWindow[], slices: readonly Slice[]): number | null {
  const [before, fault] = windows;
  if (before === undefined || fault === undefined) return null;
  const last = Math.max(...windows.map(({ untilS }) => untilS));
  const earlier = momentsIn(slices, before).map(({ p99 }) => p99);
  const worst = Math.max(0, ...earlier.filter((p99) => p99 !== null));
  const isQuiet = earlier.includes(null);
  const moments = momentsIn(slices, { fromS: fault.fromS, untilS: last })
    .filter(({ failed, p99 }) => !isQuiet || failed > 0 || p99 !== null)
    .map(({ p99, ...rest }) => ({ ...rest, isGood: rest.failed === 0 && p99 !== null && p99 <= AS_GOOD * worst }));
  const inFault = moments.filter(({ endS }) => endS <= fault.untilS);
  const felt = inFault.findLast(({ failed }) => failed > 0) ?? inFault.find(({ isGood }) => !isGood);
  let good = 0;
  for (const { endS, seconds, isGood } of moments) {
    if (felt !== undefined && endS <= felt.endS) continue;
    good = isGood ? good + seconds : 0;
    if (good >= STEADY_S) return felt === undefined ? 0 : Math.max(0, endS - good - fault.fromS);
  }
  return null;
}
