import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decide, type Estimate } from "../../../../loadtest/experiments/compare/decide.ts";
import { studentQuantile, studentTail } from "../../../../loadtest/stats/student.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";

test("Student's distribution has the quantiles of the tables", () => {
  const table = [
    [0.025, 1, 12.706],
    [0.025, 5, 2.5706],
    [0.005, 10, 3.1693],
    [0.0005, 10, 4.5869],
    [0.05, 30, 1.6973],
    [0.025, 1e6, 1.96],
  ] as const;
  for (const [tail, freedom, expected] of table) {
    const t = studentQuantile(tail, freedom);
    assert.ok(Math.abs(t - expected) < 1e-4 * expected, `${t} for ${expected}`);
  }
  assert.deepEqual([studentTail(0, 3), studentTail(Infinity, 3), studentTail(-Infinity, 3)], [0.5, 0, 1]);
  fc.assert(
    fc.property(fc.double({ min: 1e-8, max: 0.5, noNaN: true }), fc.integer({ min: 1, max: 500 }), (tail, freedom) => {
      const t = studentQuantile(tail, freedom);
      assert.ok(Math.abs(studentTail(t, freedom) - tail) < 1e-6 * tail + 1e-12);
      assert.ok(Math.abs(studentTail(t, freedom) + studentTail(-t, freedom) - 1) < 1e-9);
    }),
  );
});

const estimate = fc.record({
  change: fc.double({ min: -2, max: 2, noNaN: true }),
  error: fc.double({ min: 0.0001, max: 0.5, noNaN: true }),
  freedom: fc.double({ min: 1, max: 100, noNaN: true }),
  tolerance: fc.constantFrom(0, 0.05, 0.3),
});

test("a change is told exactly when its whole interval lies beyond the tolerance, and p says the same", () => {
  fc.assert(
    fc.property(fc.array(estimate, { minLength: 1, maxLength: 30 }), (estimates) => {
      decide(estimates, 0.95).forEach(({ adjusted, high, low, outcome, pValue }, i) => {
        const { tolerance, change } = estimates[i]!;
        assert.equal(outcome === "up", low > tolerance);
        assert.equal(outcome === "down", high < -tolerance);
        assert.equal(outcome === "same", low >= -tolerance && high <= tolerance);
        assert.ok(Math.abs(adjusted - Math.min(1, pValue * estimates.length)) < 1e-9);
        assert.ok(low <= change && change <= high);
        if (Math.abs(adjusted - 0.05) > 1e-6) assert.equal(adjusted < 0.05, outcome === "up" || outcome === "down");
      });
    }),
  );
});

test("all intervals hold together as often as is said, however many of the figures changed", () => {
  const random = createRandom(8, 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const [trials, figures, freedom] = [400, 12, 1e5];
  for (const changed of [0, 11, 12]) {
    const truth = Array.from({ length: figures }, (_, i) => (i < changed ? 1 : 0));
    let missed = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const estimates = truth.map((change) => ({
        change: change + 0.05 * normal(),
        error: 0.05,
        freedom,
        tolerance: 0.05,
      }));
      const decisions = decide(estimates, 0.95);
      if (decisions.some(({ low, high }, i) => low > truth[i]! || high < truth[i]!)) missed += 1;
    }
    // Binomial(400, at most 0.05), five standard deviations.
    assert.ok(missed < 20 + 22, `${missed} of ${trials} with ${changed} changed`);
  }
});

test("without error the change itself decides; more figures ask for more certainty", () => {
  const exact: Estimate = { change: 0.1, error: 0, freedom: 5, tolerance: 0.05 };
  assert.deepEqual(
    decide([exact, { ...exact, change: -0.1 }, { ...exact, change: 0.01 }], 0.95).map(({ outcome }) => outcome),
    ["up", "down", "same"],
  );
  const some: Estimate = { change: 0.1, error: 0.02, freedom: 20, tolerance: 0.05 };
  const noise: Estimate = { ...some, change: 0 };
  assert.equal(decide([some], 0.95)[0]?.outcome, "up");
  assert.equal(decide([some, ...Array.from({ length: 50 }, () => noise)], 0.95)[0]?.outcome, "unclear");
});
