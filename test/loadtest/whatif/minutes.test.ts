import assert from "node:assert/strict";
import { test } from "node:test";
import { worstMinute, type PlacedMinute } from "../../../loadtest/whatif/minutes.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";

const minute = (startMs: number, loads: number[]): PlacedMinute => ({
  startMs,
  messages: loads.reduce((a, b) => a + b, 0),
  ratios: Float32Array.of(maxOverMean(loads)),
});

test("the worst minute is the most uneven of those that are not nearly empty", () => {
  assert.equal(worstMinute([], 0, 2), null);
  const minutes = [minute(0, [50, 50]), minute(1, [70, 30]), minute(2, [3, 0]), minute(3, [60, 40])];
  const { chance, ...worst } = worstMinute(minutes, 0, 2)!;
  assert.deepEqual(worst, { startMs: 1, messages: 100, maxOverMean: Math.fround(1.4) });
  assert.ok(chance > 1.25 && chance < 1.35, `${chance}`);
});

test("without hot keys the worst of a day's minutes is below what is said of chance, and not far", () => {
  const random = createRandom(9, 0);
  const days = Array.from({ length: 20 }, () => {
    const minutes = Array.from({ length: 600 }, (_, i) => {
      const loads = [0, 0, 0, 0];
      for (let n = 0; n < 40; n += 1) loads[random.below(4)]! += 1;
      return minute(i, loads);
    });
    return worstMinute(minutes, 0, 4)!;
  });
  assert.ok(days.filter(({ maxOverMean: ratio, chance }) => ratio > chance).length <= 1);
  assert.ok(days.some(({ maxOverMean: ratio, chance }) => ratio > chance - 0.35));
});
