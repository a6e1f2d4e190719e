import { createHotDialogs } from "../server/observability/hot-dialogs.ts";
import { createSpaceSaving } from "../server/statistics/space-saving.ts";
import { createTrafficWindow } from "../server/observability/traffic-window.ts";
import { createRandom } from "../loadtest/stats/random.ts";
import { median } from "./median.ts";

const COUNTERS = 256;
const TOP = 10;

export interface DetectorRow {
  readonly dialogs: number;
  /** Part of the true ten most frequent dialogs that are among the ten that the detector names; the worst trial. */
  readonly recall: number;
  /** Of the detector. */
  readonly nanos: number;
  /** Of all that is kept of a message's dialog: hash, window, detector. */
  readonly allNanos: number;
}

/**
 * The hot-dialog detector on a Zipf stream.
 *
 * @param exponent of the popularity of the dialog with rank k: k^-exponent
 */
export function benchDetector(dialogs: number, exponent: number, messages: number, trials: number): DetectorRow {
  const recalls: number[] = [];
  const nanos: number[] = [];
  const allNanos: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const stream = zipfStream(dialogs, exponent, messages, trial);
    recalls.push(recallOf(stream));
    nanos.push(detectorNanos(stream));
    allNanos.push(observationNanos(stream));
  }
  return { dialogs, recall: Math.min(...recalls), nanos: median(nanos), allNanos: median(allNanos) };
}

function zipfStream(dialogs: number, exponent: number, messages: number, seed: number): string[] {
  const random = createRandom(seed + 1, dialogs).uniform;
  const cumulated = new Float64Array(dialogs);
  let total = 0;
  for (let rank = 0; rank < dialogs; rank++) cumulated[rank] = total += (rank + 1) ** -exponent;
  return Array.from({ length: messages }, () => {
    const rank = upperIndex(cumulated, random() * total);
    return `${rank + 1}_${rank + 2 + dialogs}`;
  });
}

/** First index whose value is above `target`. */
function upperIndex(ascending: Float64Array, target: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A dialog as frequent as the tenth counts as one of the ten. */
function recallOf(stream: readonly string[]): number {
  const exact = new Map<string, number>();
  const sketch = createSpaceSaving(COUNTERS);
  for (const dialog of stream) {
    exact.set(dialog, (exact.get(dialog) ?? 0) + 1);
    sketch.add(dialog);
  }
  const tenth = [...exact.values()].sort((a, b) => b - a)[TOP - 1]!;
  const named = sketch.summary().heavy.slice(0, TOP);
  return named.filter(({ key }) => exact.get(key)! >= tenth).length / TOP;
}

function detectorNanos(stream: readonly string[]): number {
  const hot = createHotDialogs(COUNTERS, 6);
  return timed(stream, (dialog) => hot.add(dialog));
}

function observationNanos(stream: readonly string[]): number {
  const window = createTrafficWindow(
    () => ["00", "01", "02", "03"],
    () => {},
  );
  const hot = createHotDialogs(COUNTERS, 6);
  return timed(stream, (dialog) => {
    window.add("00", dialog);
    hot.add(dialog);
  });
}

function timed(stream: readonly string[], add: (dialog: string) => void): number {
  const start = performance.now();
  for (const dialog of stream) add(dialog);
  return (1e6 * (performance.now() - start)) / stream.length;
}
