import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { mergeSummaries } from "../../../server/statistics/heavy-hitters.ts";
import { createHotDialogs } from "../../../server/observability/hot-dialogs.ts";
import { benchDetector } from "../../../bench/detector.ts";
import { createSpaceSaving } from "../../../server/statistics/space-saving.ts";

/** Few keys, some of them frequent, so that the counters overflow and hot keys exist. */
const keys = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom("a", "b") },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 60 }).map(String) },
  ),
  { maxLength: 600 },
);

test("counts are never too low, too high by at most their error and total / capacity, and no heavy key is missing", () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 20 }), (stream, capacity) => {
      const exact = new Map<string, number>();
      const sketch = createSpaceSaving(capacity);
      for (const key of stream) {
        exact.set(key, (exact.get(key) ?? 0) + 1);
        sketch.add(key);
      }
      const { absent, heavy: all, total } = sketch.summary();
      assert.equal(total, stream.length);
      const bound = stream.length / capacity;
      assert.ok(all.length <= capacity);
      for (const { key, count, error } of all) {
        const truth = exact.get(key) ?? 0;
        assert.ok(
          count >= truth && count - error <= truth && error <= bound,
          `${key}: ${count} ± ${error}, is ${truth}`,
        );
      }
      for (const [key, truth] of exact) {
        if (truth > bound)
          assert.ok(
            all.some((heavy) => heavy.key === key),
            `${key} has ${truth} of ${stream.length}`,
          );
      }
      assert.deepEqual(
        all.map(({ count }) => count),
        all.map(({ count }) => count).toSorted((a, b) => b - a),
      );
      for (const [key, truth] of exact) {
        assert.ok(truth <= absent || all.some((heavy) => heavy.key === key), `${key} has ${truth} and is not named`);
      }
    }),
    { numRuns: 500, seed: 5 },
  );
});

test("with room for every key the counts are exact", () => {
  const sketch = createSpaceSaving(100);
  for (let i = 0; i < 1_000; i++) sketch.add(String(i % 10 === 0 ? 0 : i % 7));
  const [top] = sketch.summary().heavy;
  assert.deepEqual(top, { key: "0", count: 228, error: 0 });
});

test("summaries of parts add up: bounds hold for the whole, whatever each part saw and however they are merged", () => {
  fc.assert(
    fc.property(
      fc.array(keys, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 12 }),
      (streams, capacity) => {
        const exact = new Map<string, number>();
        const parts = streams.map((stream) => {
          const sketch = createSpaceSaving(capacity);
          for (const key of stream) {
            exact.set(key, (exact.get(key) ?? 0) + 1);
            sketch.add(key);
          }
          return sketch.summary();
        });
        const messages = streams.reduce((sum, stream) => sum + stream.length, 0);
        const flat = mergeSummaries(parts, capacity);
        const nested = mergeSummaries([mergeSummaries(parts.slice(1), capacity), parts[0]!], capacity);
        for (const { absent, heavy, total } of [flat, nested]) {
          assert.equal(total, messages);
          assert.ok(heavy.length <= capacity);
          for (const { count, error, key } of heavy) {
            const truth = exact.get(key) ?? 0;
            assert.ok(count >= truth && count - error <= truth, `${key}: ${count} ± ${error}, is ${truth}`);
          }
          for (const [key, truth] of exact) {
            assert.ok(truth <= absent || heavy.some((one) => one.key === key), `${key} has ${truth}, absent ${absent}`);
          }
        }
      },
    ),
    { numRuns: 300, seed: 6 },
  );
});

test("a sliding window forgets whole panes, the oldest first", () => {
  const hot = createHotDialogs(8, 3);
  const counts = () => Object.fromEntries(hot.recent().heavy.map(({ count, key }) => [key, count]));
  for (const [dialog, times] of [
    ["a", 4],
    ["b", 3],
    ["c", 2],
  ] as const) {
    for (let i = 0; i < times; i++) hot.add(dialog);
    assert.equal(hot.turn().total, times);
  }
  // The pane of `a` is the fourth back when one fills after `c`.
  assert.deepEqual(counts(), { b: 3, c: 2 });
  hot.add("c");
  assert.deepEqual(counts(), { b: 3, c: 3 });
  for (let pane = 0; pane < 3; pane++) hot.turn();
  assert.deepEqual(hot.recent(), { total: 0, heavy: [], absent: 0 });
});

test("256 counters name the true top ten of Zipf 0.99 after 20,000 messages", () => {
  for (const dialogs of [1_000, 10_000, 100_000]) assert.equal(benchDetector(dialogs, 0.99, 20_000, 3).recall, 1);
});
