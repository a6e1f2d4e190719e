import assert from "node:assert/strict";
import { test } from "node:test";
import { chiSquareSurvival, testHash } from "../../../loadtest/analysis/hash-test.ts";
import { throwInto } from "../../../loadtest/analysis/sampling.ts";
import { createRandom } from "../../../loadtest/traffic/random.ts";

test("survival of chi-square at published quantiles", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4.
  for (const [x, degrees, p] of [
    [3.841, 1, 0.05],
    [5.991, 2, 0.05],
    [7.815, 3, 0.05],
    [16.919, 9, 0.05],
    [23.209, 10, 0.01],
    [82.529, 63, 0.05],
    [10.828, 1, 0.001],
  ] as const) {
    assert.ok(Math.abs(chiSquareSurvival(x, degrees) / p - 1) < 0.005, `${x} with ${degrees}`);
  }
  assert.equal(chiSquareSurvival(0, 3), 1);
  assert.ok(chiSquareSurvival(5_000, 3) < 1e-100);
});

test("a perfect hash is not rejected, a crooked one is, and p-values are uniform", () => {
  const shares = [0.1, 0.2, 0.3, 0.4];
  const random = createRandom(2, 0).uniform;
  const values = Array.from({ length: 400 }, () => {
    const loads = new Float64Array(4);
    throwInto(loads, random, 5_000, shares, 1);
    return testHash([...loads], shares)!.pValue;
  });
  // Binomial(400, ½) and Binomial(400, 0.05), five standard deviations.
  assert.ok(Math.abs(values.filter((p) => p < 0.5).length - 200) < 50);
  assert.ok(Math.abs(values.filter((p) => p < 0.05).length - 20) < 22);
  assert.ok(testHash([600, 900, 1_500, 2_000], shares)!.pValue < 1e-4);
});

test("too few dialogs and a single shard are not tested, a drained shard does not count", () => {
  assert.equal(testHash([3, 4, 5, 6], [0.25, 0.25, 0.25, 0.25]), null);
  assert.equal(testHash([500], [1]), null);
  assert.equal(testHash([50, 50, 0], [0.5, 0.5, 0])!.degreesOfFreedom, 1);
});
