import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createSearch, ratesNeeded, type Bracket, type Vote } from "../../../loadtest/capacity/search.ts";
import { createRandom } from "../../../loadtest/traffic/random.ts";

interface Searched extends Bracket {
  readonly rates: readonly number[];
}

/** @param run what a run at a rate says, and whether it was far from the limit */
function search(
  start: number,
  precision: number,
  run: (rate: number) => { vote: Vote; clear: boolean },
  forecast: number | null = null,
): Searched {
  const one = createSearch(start, precision);
  const rates: number[] = [];
  for (let rate = one.next(); rate !== null; rate = one.next()) {
    rates.push(rate);
    const { vote, clear } = run(rate);
    one.tell(vote, clear, forecast);
    assert.ok(rates.length < 500, "it ends");
  }
  return { ...one.bracket(), rates };
}

test("without noise the capacity lies in a bracket as narrow as asked, after few rates", () => {
  const around = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 5_000 }),
      around,
      fc.constantFrom(0.05, 0.1, 0.3),
      (start, factor, precision) => {
        const limit = start * factor;
        const { low, high, ceiling, rates } = search(start, precision, (rate) => ({
          vote: rate <= limit ? "pass" : "fail",
          clear: true,
        }));
        assert.ok(low! <= limit && limit < high!, `${low} ${limit} ${high}`);
        // Rates of three digits cannot be closer than they are.
        assert.ok(high! / low! <= (1 + precision) * 1.02, `${low} ${high}`);
        assert.equal(ceiling, "threshold");
        assert.ok(rates.length <= ratesNeeded(Math.abs(Math.log2(factor)) + 1, precision) + 1, `${rates.length}`);
      },
    ),
  );
});

const upTo6000 = (forecast: number | null) =>
  search(100, 0.1, (rate) => ({ vote: rate <= 6_000 ? "pass" : "fail", clear: true }), forecast).rates.length;

test("a forecast saves the steps up to it", () => {
  assert.ok(upTo6000(6_100) < upTo6000(null));
});

test("with runs that are noisy near the limit, searches end around it as often as they say", () => {
  let right = 0;
  let promised = 0;
  for (let trial = 0; trial < 200; trial += 1) {
    const random = createRandom(trial, 5);
    const limit = 700 + trial;
    const { low, high, confidence } = search(300, 0.05, (rate) => {
      const distance = Math.log(rate / limit);
      // Within 5 % of the limit a run is a coin; beyond, it is wrong in 15 of 100, and far away never.
      const far = Math.abs(distance) > 0.2;
      const wrong = Math.abs(distance) < 0.05 ? 0.5 : far ? 0 : 0.15;
      return { vote: distance <= 0 !== random.uniform() < wrong ? "pass" : "fail", clear: far };
    });
    if (low !== null && high !== null && low / 1.08 <= limit && limit <= high * 1.08) right += 1;
    promised += confidence;
  }
  assert.ok(promised > 160 && promised < 195 && right > promised - 15, `${right} of 200, promised ${promised}`);
});

test("no rate is decided wrongly as often as is said, when every run near the limit is wrong in 15 of 100", () => {
  const trials = 1_000;
  let right = 0;
  let promised = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const random = createRandom(trial, 6);
    const limit = 700 + (trial % 400);
    const { low, high, confidence } = search(300, 0.05, (rate) => {
      const far = Math.abs(Math.log(rate / limit)) > 0.2;
      return { vote: rate <= limit !== (!far && random.uniform() < 0.15) ? "pass" : "fail", clear: far };
    });
    if (low! <= limit && limit < high!) right += 1;
    promised += confidence;
  }
  // Five standard errors.
  assert.ok(Math.abs(right - promised) < 55, `${right} of ${trials}, promised ${promised}`);
});

test("a generator that cannot keep up ends the search upwards, and is told apart", () => {
  const { ceiling, high, low, rates } = search(1_000, 0.1, (rate) => ({
    vote: rate < 3_000 ? "pass" : "generator",
    clear: false,
  }));
  assert.equal(ceiling, "generator");
  assert.ok(low! < 3_000 && high! >= 3_000 && high! / low! < 1.11);
  assert.deepEqual(rates.slice(0, 6), [1_000, 1_000, 2_000, 2_000, 4_000, 4_000]);
});

test("what never passes, and what always does, ends too", () => {
  const never = search(100, 0.05, () => ({ vote: "fail", clear: true }));
  assert.equal(never.low, null);
  assert.ok(never.rates.length < 16);
  const always = search(100, 0.05, () => ({ vote: "pass", clear: true }));
  assert.equal(always.high, null);
  assert.ok(always.rates.length < 16);
});
