import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createSpaceSaving } from "../../../server/observability/space-saving.ts";

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
      assert.equal(sketch.total(), stream.length);
      const all = sketch.top(capacity);
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
      assert.deepEqual(sketch.top(3), all.slice(0, 3));
    }),
    { numRuns: 500, seed: 5 },
  );
});

test("with room for every key the counts are exact", () => {
  const sketch = createSpaceSaving(100);
  for (let i = 0; i < 1_000; i++) sketch.add(String(i % 10 === 0 ? 0 : i % 7));
  const [top] = sketch.top(1);
  assert.deepEqual(top, { key: "0", count: 228, error: 0 });
});
