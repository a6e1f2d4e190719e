import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { drawBinomial, drawMultinomial } from "../../../loadtest/stats/binomial.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";
import { chiSquareIsLow } from "../../support/goodness-of-fit.ts";

/** Chances of 0…n successes, by their ratios from the most likely one on. */
function binomialMasses(n: number, p: number): number[] {
  const masses = Array.from({ length: n + 1 }, () => 0);
  const mode = Math.min(n, Math.floor((n + 1) * p));
  masses[mode] = 1;
  for (let k = mode; k < n; k += 1) masses[k + 1] = (masses[k]! * (n - k) * p) / ((k + 1) * (1 - p));
  for (let k = mode; k > 0; k -= 1) masses[k - 1] = (masses[k]! * k * (1 - p)) / ((n - k + 1) * p);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return masses.map((mass) => mass / total);
}

test("binomial draws have the binomial distribution, few successes or many, likely or not", () => {
  for (const [n, p, draws] of [
    [1, 0.3, 20_000],
    [7, 0.5, 20_000],
    [10, 0.9, 20_000],
    [1_000, 0.002, 20_000],
    [40, 0.25, 40_000],
    [40, 0.75, 20_000],
    [300, 0.4, 40_000],
    [5_000, 1 / 16, 40_000],
    [100_000, 0.003, 40_000],
  ] as const) {
    const random = createRandom(17, n);
    const seen = Array.from({ length: n + 1 }, () => 0);
    for (let i = 0; i < draws; i += 1) seen[drawBinomial(random.uniform, n, p)]! += 1;
    const expected = binomialMasses(n, p).map((mass) => mass * draws);
    assert.ok(chiSquareIsLow(seen, expected), `${n} × ${p}`);
  }
});

test("of a billion trials the mean and the variance are right", () => {
  const random = createRandom(5, 9);
  const [n, p, draws] = [1e9, 0.37, 20_000];
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < draws; i += 1) {
    const z = (drawBinomial(random.uniform, n, p) - n * p) / Math.sqrt(n * p * (1 - p));
    sum += z;
    squares += z * z;
  }
  assert.ok(Math.abs(sum / draws) < 5 / Math.sqrt(draws), `${sum / draws}`);
  assert.ok(Math.abs(squares / draws - 1) < 5 * Math.sqrt(2 / draws), `${squares / draws}`);
});

test("what cannot happen, must happen, or is no chance", () => {
  const random = createRandom(1, 1);
  assert.deepEqual(
    [0, 1, -1, 2, Number.NaN].map((chance) => drawBinomial(random.uniform, 50, chance)),
    [0, 50, 0, 50, 0],
  );
  assert.equal(drawBinomial(random.uniform, 0, 0.5), 0);
});

test("a multinomial draw shares out everything, and gives nothing to a weight of 0", () => {
  const weights = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-12, max: 1e12, noNaN: true })), {
    minLength: 1,
    maxLength: 16,
  });
  fc.assert(
    fc.property(weights, fc.nat(1_000_000), fc.nat(), (all, trials, seed) => {
      const counts = drawMultinomial(createRandom(seed, 3), trials, all);
      const isShared = all.some((weight) => weight > 0);
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        isShared ? trials : 0,
      );
      for (const [index, count] of counts.entries()) assert.ok(all[index]! > 0 ? count >= 0 : count === 0);
    }),
  );
});
