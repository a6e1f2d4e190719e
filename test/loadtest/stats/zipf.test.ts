import assert from "node:assert/strict";
import { test } from "node:test";
import { countTolerance } from "../../../loadtest/analysis/verdict/deviation.ts";
import { exactExp, exactLog, expm1Over, log1pOver } from "../../../loadtest/stats/exact-math.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";
import { createZipf, weightOf, zipfMass, type ZipfLaw } from "../../../loadtest/stats/zipf.ts";

const LAWS: readonly ZipfLaw[] = [
  { exponent: 0.99, keys: 1_000, shift: 0 },
  { exponent: 1, keys: 100_000, shift: -15 / 16 },
  { exponent: 1 + 1e-9, keys: 70, shift: 0.25 },
  { exponent: 0, keys: 300, shift: -0.5 },
  { exponent: 2.5, keys: 1_000_000, shift: -0.5 },
  { exponent: 5, keys: 2, shift: -0.9 },
  { exponent: 1.2, keys: 1, shift: 0 },
];

test("logarithm and exponential are within a few units of the last place", () => {
  const random = createRandom(1, 1);
  for (let i = 0; i < 20_000; i++) {
    const x = (random.uniform() - 0.5) * 200;
    assert.ok(Math.abs(exactExp(x) / Math.exp(x) - 1) < 2e-14, `exp ${x}`);
    const y = Math.exp(x);
    assert.ok(Math.abs(exactLog(y) - Math.log(y)) <= 1e-15 * Math.max(1, Math.abs(x)), `log ${y}`);
    const small = x / 5_000;
    assert.ok(Math.abs(expm1Over(small) / (Math.expm1(small) / small) - 1) < 3e-14, `expm1 ${small}`);
    assert.ok(Math.abs(log1pOver(small) / (Math.log1p(small) / small) - 1) < 3e-14, `log1p ${small}`);
  }
});

test("the mass is the sum of the weights", () => {
  for (const law of LAWS) {
    const weight = weightOf(law);
    let sum = 0;
    for (let k = law.keys; k >= 1; k--) sum += weight(k);
    assert.ok(Math.abs(zipfMass(law) / sum - 1) < 1e-11, JSON.stringify(law));
  }
});

test("every key comes as often as its weight says, within bounds of 1e-6", () => {
  for (const law of LAWS) {
    const draws = 200_000;
    const draw = createZipf(law);
    const random = createRandom(9, 3);
    const counts = new Map<number, number>();
    for (let i = 0; i < draws; i++) {
      const k = draw(random);
      assert.ok(Number.isInteger(k) && k >= 1 && k <= law.keys);
      counts.set(k, (counts.get(k) ?? 0) + 1);
    }
    const weight = weightOf(law);
    const mass = zipfMass(law);
    let from = 1;
    // Single keys first, then ranges that double, so that the rare ones are judged together.
    for (let to = 1; from <= law.keys; to = Math.min(law.keys, to < 40 ? to + 1 : 2 * to)) {
      let share = 0;
      let seen = 0;
      for (let k = from; k <= to; k++) {
        share += weight(k) / mass;
        seen += counts.get(k) ?? 0;
      }
      const tolerance = countTolerance(draws * share * Math.max(0, 1 - share));
      const message = `${JSON.stringify(law)} ${from}…${to}: ${seen}, ${draws * share} expected`;
      assert.ok(Math.abs(seen - draws * share) <= tolerance, message);
      from = to + 1;
    }
  }
});
