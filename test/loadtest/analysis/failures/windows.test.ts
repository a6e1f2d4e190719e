import assert from "node:assert/strict";
import { test } from "node:test";
import { recoveryS, windowFigures } from "../../../../loadtest/analysis/failures/windows.ts";
import type { Slice } from "../../../../loadtest/measurement/measurement.ts";
import { packHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { histogramOf } from "../measurement.ts";

const WINDOWS = [
  { name: "before", fromS: 0, untilS: 5 },
  { name: "during", fromS: 5, untilS: 10 },
  { name: "after", fromS: 10, untilS: 20 },
];

/** A second: its delivery in ms, and what failed in it. */
function second(at: number, ms: number, failed: number): Slice {
  const delivery = packHistogram(histogramOf(100, ms));
  return {
    second: at,
    shard: "00",
    acked: 100 - failed,
    ...(failed > 0 && { failed: { SHARD_UNAVAILABLE: failed } }),
    deliveryMs: null,
    delivery,
  };
}

/** @param figures null: nothing came in this second */
const run = (figures: (at: number) => readonly [ms: number, failed: number] | null): Slice[] =>
  Array.from({ length: 20 }, (_, at) => {
    const one = figures(at);
    return one === null ? { second: at, shard: "00", acked: 0, deliveryMs: null } : second(at, ...one);
  });

test("each window has its own figures", () => {
  const slices = run((at) => (at < 5 ? [10, 0] : at < 10 ? [100, 20] : [20, 0]));
  const [before, during, after] = windowFigures(WINDOWS, slices);
  assert.deepEqual([before!.failed, during!.failed, after!.failed], [0, 100, 0]);
  assert.deepEqual([before!.ratePerS, during!.ratePerS], [100, 80]);
  const p99s = [before, during, after].map((window) => Math.round(window!.deliveryMs!.p99));
  assert.deepEqual(p99s, [10, 100, 20]);
  assert.equal(windowFigures([{ name: "later", fromS: 90, untilS: 95 }], slices)[0]!.deliveryMs, null);
});

test("a server has recovered when it is as good as before for three seconds", () => {
  const table = [
    // Down until 9 s, slow until 12 s.
    [run((at) => (at < 5 ? [10, 0] : at < 9 ? [10, 30] : at < 12 ? [50, 0] : [11, 0])), 7],
    // One good second in between is not yet a recovery.
    [run((at) => (at < 5 ? [10, 0] : at === 8 ? [10, 0] : at < 13 ? [10, 3] : [10, 0])), 8],
    [run(() => [10, 0]), 0],
    [run((at) => (at < 5 ? [10, 0] : [60, 0])), null],
    // The database is killed three seconds after the window's start.
    [run((at) => (at < 8 ? [10, 0] : at < 10 ? [10, 40] : [10, 0])), 5],
    // It stands still from 5 s to 9 s, and answers everything afterwards.
    [run((at) => (at < 5 ? [10, 0] : at < 9 ? null : at === 9 ? [4_000, 0] : [10, 0])), 5],
    // It stands still to the end.
    [run((at) => (at < 5 ? [10, 0] : null)), null],
    // So few messages that seconds without one are usual.
    [run((at) => (at % 2 === 0 ? [10, 0] : null)), 0],
  ] as const;
  for (const [slices, expected] of table) assert.equal(recoveryS(WINDOWS, slices), expected);
  assert.equal(recoveryS([], []), null);
});
