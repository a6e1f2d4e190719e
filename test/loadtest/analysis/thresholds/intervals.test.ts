import assert from "node:assert/strict";
import { test } from "node:test";
import {
  maxOverMeanInterval,
  quantileInterval,
  samplesForQuantile,
  shareInterval,
} from "../../../../loadtest/analysis/thresholds/intervals.ts";
import { drawBinomial } from "../../../../loadtest/stats/binomial.ts";
import { createHistogram } from "../../../../loadtest/measurement/histogram.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";

test("the samples that a percentile needs: the largest one is an upper end in 97.5 of 100 runs", () => {
  const table = [
    [0.5, 6],
    [0.9, 36],
    [0.99, 368],
    [0.999, 3_688],
  ] as const;
  for (const [q, n] of table) {
    assert.equal(samplesForQuantile(q), n);
    assert.ok(1 - q ** n >= 0.975 && 1 - q ** (n - 1) < 0.975);
    const sampled = createHistogram();
    for (let i = 0; i < n; i += 1) sampled.record(1 + i);
    assert.notEqual(quantileInterval(sampled.toData(), q).high, null);
    const short = createHistogram();
    for (let i = 0; i < n - 1; i += 1) short.record(1 + i);
    assert.equal(quantileInterval(short.toData(), q).high, null, "one sample fewer has no upper end");
  }
});

/** Of 1,000 runs with a fixed seed at least this many must cover: 95 % less five standard errors. */
const LEAST_COVERED = 1_000 * 0.95 - 5 * Math.sqrt(1_000 * 0.95 * 0.05);

test("intervals of percentiles cover the true one, with few and with many samples", () => {
  for (const [q, n] of [
    [0.5, 40],
    [0.99, 500],
    [0.99, 40_000],
  ] as const) {
    const random = createRandom(3, n);
    const truth = -Math.log(1 - q);
    let covered = 0;
    const runs = n > 1_000 ? 200 : 1_000;
    for (let run = 0; run < runs; run += 1) {
      const histogram = createHistogram();
      for (let i = 0; i < n; i += 1) histogram.record(random.exponential());
      const { low, high } = quantileInterval(histogram.toData(), q);
      // Values stand for their bucket: half of one to either side.
      if ((low ?? 0) <= truth * 1.008 && truth <= (high ?? Infinity) * 1.008) covered += 1;
    }
    assert.ok(covered * (1_000 / runs) >= LEAST_COVERED - (runs < 1_000 ? 45 : 0), `${q} of ${n}: ${covered}`);
  }
});

test("intervals of shares cover the true one", () => {
  const random = createRandom(5, 1).uniform;
  let covered = 0;
  for (let run = 0; run < 1_000; run += 1) {
    const { low, high } = shareInterval(drawBinomial(random, 300, 0.02), 300);
    if (low <= 0.02 && 0.02 <= high) covered += 1;
  }
  assert.ok(covered >= LEAST_COVERED - 20, `${covered}`);
  assert.deepEqual(shareInterval(0, 0), { low: 0, high: 1 });
  assert.equal(shareInterval(0, 1_000).low, 0);
});

test("the interval of max/mean covers the true one, for even and for skewed shards", () => {
  const random = createRandom(7, 1).uniform;
  for (const shares of [
    [0.25, 0.25, 0.25, 0.25],
    [0.55, 0.15, 0.15, 0.15],
  ]) {
    let covered = 0;
    for (let run = 0; run < 1_000; run += 1) {
      const stored = [0, 0, 0, 0];
      for (let i = 0, left = 2_000, rest = 1; i < 4; i += 1) {
        stored[i] = i === 3 ? left : drawBinomial(random, left, shares[i]! / rest);
        left -= stored[i]!;
        rest -= shares[i]!;
      }
      const { low, high } = maxOverMeanInterval(stored);
      const truth = Math.max(...shares) * 4;
      if (low <= truth && truth <= high) covered += 1;
    }
    assert.ok(covered >= LEAST_COVERED, `${shares.join()}: ${covered}`);
  }
  assert.deepEqual(maxOverMeanInterval([0, 0]), { low: 1, high: 2 });
});
