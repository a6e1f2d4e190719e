import assert from "node:assert/strict";
import { test } from "node:test";
import { keepsGrowing, trendOf } from "../../../loadtest/stats/trend.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";

const HOUR_S = 3_600;
type Point = readonly [number, number];

/** Memory of a server: a saw-tooth of collections, and a leak or a cache that fills up. */
function memory(level: (second: number) => number, seed: number): Point[] {
  const random = createRandom(seed, 5);
  return Array.from({ length: HOUR_S }, (_, s): Point => [s, level(s) + (s % 47) * 0.3 + 4 * random.uniform()]);
}

const cache = (s: number): number => 150 + 50 * (1 - Math.exp(-s / 200));

test("the slope of a leak is within its interval, and a leak keeps growing", () => {
  for (let seed = 0; seed < 20; seed++) {
    const points = memory((s) => 200 + (30 * s) / HOUR_S, seed);
    const trend = trendOf(points)!;
    // The interval is a 95 % one: twice as wide holds all twenty seeds.
    assert.ok(Math.abs(trend.slope * HOUR_S - 30) <= (trend.high - trend.low) * HOUR_S, `seed ${seed}`);
    assert.equal(keepsGrowing(points), true, `seed ${seed}`);
  }
});

test("even memory, a cache that fills up, and a short run do not keep growing", () => {
  for (let seed = 0; seed < 20; seed++) {
    assert.equal(keepsGrowing(memory(() => 200, seed)), false, `even, seed ${seed}`);
    assert.equal(keepsGrowing(memory(cache, seed)), false, `cache, seed ${seed}`);
  }
  const short = memory((s) => s, 1).slice(0, 39);
  assert.equal(trendOf(short), null);
  assert.equal(keepsGrowing(short), false);
});
