import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { addToSequence, createSequenceSet, WINDOW } from "../../../loadtest/measurement/sequence-set.ts";

test("behaves as a set of numbers, in any order, with gaps and repetitions", () => {
  const numbers = fc
    .tuple(fc.constantFrom(5, 40, 500), fc.array(fc.integer({ min: 0 }), { maxLength: 400 }))
    .map(([most, draws]) => draws.map((draw) => 1 + (draw % most)));
  fc.assert(
    fc.property(numbers, fc.constantFrom("forget" as const, "ignore" as const), (order, overflow) => {
      const set = createSequenceSet();
      const model = new Set<number>();
      for (const seq of order) {
        assert.equal(addToSequence(set, seq, overflow), !model.has(seq), `${seq} of ${order.join()}`);
        model.add(seq);
      }
      let low = 0;
      while (model.has(low + 1)) low++;
      assert.equal(set.low, low);
      assert.equal(set.above, [...model].filter((seq) => seq > low).length);
    }),
    { numRuns: 300 },
  );
});

test("in order it keeps no bits; over holes it stays within its window", () => {
  const ordered = createSequenceSet();
  for (let seq = 1; seq <= 1_000_000; seq++) addToSequence(ordered, seq, "forget");
  assert.deepEqual(ordered, { low: 1_000_000, bits: null, above: 0 });

  const holed = createSequenceSet();
  for (let seq = 1; seq <= 1_000_000; seq++) if (seq % 10 !== 0) assert.ok(addToSequence(holed, seq, "forget"));
  assert.equal(holed.bits?.length, WINDOW / 32);
  assert.ok(addToSequence(holed, 999_990, "forget"), "a hole inside the window is still open");
  assert.ok(!addToSequence(holed, 990_001, "forget"), "and what is there is known");
  assert.ok(!addToSequence(holed, 10, "forget"), "a hole before the window counts as filled");
});

test("`ignore` never moves over a hole", () => {
  const set = createSequenceSet();
  for (let seq = 2; seq <= 3 * WINDOW; seq++) addToSequence(set, seq, "ignore");
  assert.equal(set.low, 0);
  assert.equal(set.above, WINDOW - 1);
  addToSequence(set, 1, "ignore");
  assert.equal(set.low, WINDOW);
});
