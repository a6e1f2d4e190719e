import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createHistogram, mergeHistograms, quantileOf } from "../../../loadtest/measurement/histogram.ts";

const milliseconds = fc.oneof(
  fc.double({ min: 0.001, max: 100, noNaN: true }),
  fc.double({ min: 0.001, max: 16_000_000, noNaN: true }),
  fc.integer({ min: 1, max: 10_000 }),
);
const samples = fc.array(milliseconds, { minLength: 1, maxLength: 300 });

function histogramOf(values: readonly number[]) {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test("every quantile is within 1 % of the exact one of that rank", () => {
  fc.assert(
    fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(q * values.length) - 1)]!;
      const estimate = quantileOf(histogramOf(values).toData(), q);
      assert.ok(Math.abs(estimate - exact) <= 0.01 * exact, `${estimate} for ${exact}`);
      assert.equal(quantileOf(histogramOf(values).toData(), 1), sorted.at(-1));
    }),
  );
});

test("merging is recording together, and data survives JSON", () => {
  fc.assert(
    fc.property(samples, samples, (a, b) => {
      const together = histogramOf([...a, ...b]).toData();
      const merged = mergeHistograms([histogramOf(a).toData(), JSON.parse(JSON.stringify(histogramOf(b).toData()))]);
      assert.deepEqual(merged.buckets, together.buckets);
      assert.equal(merged.count, together.count);
      assert.equal(merged.max, together.max);
      assert.ok(Math.abs(merged.sum - together.sum) <= 1e-9 * together.sum);
    }),
  );
});

test("values out of range fall into the outermost buckets; the empty histogram is all zeros", () => {
  const histogram = histogramOf([-5, 0, Number.NaN, 1e-9, 1e12]);
  assert.equal(histogram.count, 5);
  assert.ok(quantileOf(histogram.toData(), 0.5) <= 0.001);
  assert.equal(quantileOf(histogram.toData(), 1), 1e12);
  const empty = { count: 0, sum: 0, max: 0, buckets: [] };
  assert.deepEqual(createHistogram().toData(), empty);
  assert.deepEqual(mergeHistograms([]), empty);
  assert.equal(quantileOf(empty, 0.99), 0);
  histogram.reset();
  assert.deepEqual(histogram.toData(), empty);
});
