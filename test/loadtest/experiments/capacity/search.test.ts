import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  createSearch,
  runsNeeded,
  type Capacity95,
  type Vote,
} from "../../../../loadtest/experiments/capacity/search.ts";
import { createRandom, type Random } from "../../../../loadtest/stats/random.ts";

interface Searched extends Capacity95 {
  readonly rates: readonly number[];
}

interface Run {
  readonly vote: Vote;
  readonly distance?: number;
}

/** @param run what a run at a rate says */
function search(
  start: number,
  precision: number,
  run: (rate: number) => Run,
  { forecast = null as number | null, most = 200 } = {},
): Searched {
  const one = createSearch(start, precision);
  const rates: number[] = [];
  for (let rate = one.next(); rate !== null && rates.length < most; rate = one.next()) {
    rates.push(rate);
    const { vote, distance = null } = run(rate);
    one.tell({ vote, distance, error: 0, forecast });
  }
  return { ...one.found(), rates };
}

const upTo = (limit: number) => (rate: number) => ({ vote: rate <= limit ? ("pass" as const) : ("fail" as const) });

test("without noise the capacity lies in an interval as narrow as asked, though only kept or not is known", () => {
  const around = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 5_000 }),
      around,
      fc.constantFrom(0.05, 0.3, 1),
      (start, factor, precision) => {
        const limit = start * factor;
        const { estimate, low, high, ceiling, reliable, rates } = search(start, precision, upTo(limit));
        assert.ok(low! <= limit && limit <= high!, `${low} ${limit} ${high}`);
        assert.ok(high! / low! <= 1 + precision, `${low} ${high}`);
        assert.ok(low! < estimate! && estimate! < high! && reliable! < estimate!);
        assert.equal(ceiling, "threshold");
        assert.ok(rates.length <= runsNeeded(Math.abs(Math.log2(factor)) + 1, precision).many + 10, `${rates.length}`);
      },
    ),
    { numRuns: 40 },
  );
});

const upTo6000 = (forecast: number | null) => search(100, 0.3, upTo(6_000), { forecast }).rates.length;

test("a forecast saves the steps up to it", () => {
  assert.ok(upTo6000(6_100) < upTo6000(null));
});

const normal = (random: Random) => Math.sqrt(2 * random.exponential()) * Math.cos(2 * Math.PI * random.uniform());

/** ln(figure ÷ limit) of a run, by ln(rate ÷ capacity): half of the runs at the capacity keep the limit. */
type World = (x: number, random: Random) => number;

const GENTLE: World = (x, random) => 3 * x + 0.15 * normal(random);
const NOISY: World = (x, random) => 6 * x + 0.4 * normal(random);
/** Waiting grows with 1 ÷ (1 − load), and with time beyond saturation; the limit is met at a load of 80 %. */
const QUEUE: World = (x, random) => {
  const load = 0.8 * Math.exp(x);
  const wait = load < 0.99 ? 0.2 / (1 - load) : 20 + 400 * (load - 0.99);
  return Math.log(wait) + 0.15 * normal(random);
};
/** Waves along the rate, so that a higher rate may be the better one: a timer that beats with the commits. */
const RIPPLED: World = (x, random) => 5 * x + 0.15 * Math.sin(x / 0.02) + 0.2 * normal(random);
/** Six of a hundred runs are spoilt upwards by something else. */
const HICCUPS: World = (x, random) =>
  5 * x + 0.15 * normal(random) + (random.uniform() < 0.06 ? random.exponential() : 0);
/** No run near the limit: a queue that is short, or runs over. */
const WALL: World = (x, random) => (x < 0 ? -0.6 : 1.2) + 0.1 * normal(random);

const SEARCHES = 100;

/** Searches for capacities anywhere around the first rate, on one world. */
function simulated(world: World, precision = 0.1) {
  const count = { held: 0, below: 0, runs: 0, reliable: 0, reruns: 0 };
  for (let trial = 0; trial < SEARCHES; trial += 1) {
    const random = createRandom(trial, 7);
    const capacity = 500 * Math.exp((random.uniform() - 0.3) * 4);
    const at = (rate: number) => world(Math.log(rate / capacity), random);
    const run = (rate: number): Run => {
      const distance = at(rate);
      return { vote: distance < 0 ? "pass" : "fail", distance };
    };
    const { low, high, rates, reliable } = search(500, precision, run, { most: 60 });
    if (low! <= capacity && capacity <= high!) count.held += 1;
    else if (high! < capacity) count.below += 1;
    count.runs += rates.length;
    for (let again = 0; again < 10; again += 1, count.reruns += 1) if (at(reliable!) < 0) count.reliable += 1;
  }
  return count;
}

test("an interval of 95 % holds the capacity in 93 to 99 % of the searches, on steep and gentle, rippled and spoilt curves", () => {
  const worlds = { GENTLE, NOISY, QUEUE, RIPPLED, HICCUPS };
  const counts = Object.entries(worlds).map(([name, world]) => ({ name, ...simulated(world) }));
  const all = counts.length * SEARCHES;
  const held = counts.reduce((sum, one) => sum + one.held, 0);
  const said = JSON.stringify(counts);
  assert.ok(held >= 0.93 * all && held <= 0.99 * all, said);
  // Five standard errors: none of the curves is an exception that the others hide.
  for (const one of counts) assert.ok(one.held >= 0.95 * SEARCHES - 5 * Math.sqrt(0.05 * 0.95 * SEARCHES), said);
  const missedBelow = counts.reduce((sum, one) => sum + one.below, 0);
  assert.ok(missedBelow <= 0.045 * all && all - held - missedBelow <= 0.045 * all, said);
  const kept = counts.reduce((sum, one) => sum + one.reliable, 0) / counts.reduce((sum, one) => sum + one.reruns, 0);
  assert.ok(kept > 0.86 && kept < 0.98, `${kept} of runs at the reliable rate kept it`);
  assert.ok(
    counts.every(({ runs }) => runs < 30 * SEARCHES),
    said,
  );
});

test("of a wall, where no figure is near the limit, the interval is never wrong and the search is short", () => {
  const { held, runs } = simulated(WALL);
  assert.ok(held >= 0.95 * SEARCHES && runs < 16 * SEARCHES, `${held} ${runs}`);
});

const figures = (rate: number) => ({
  vote: rate < 700 ? ("pass" as const) : ("fail" as const),
  distance: 8 * Math.log(rate / 700),
});

test("figures near the limit tell more than that it was kept", () => {
  const { rates } = search(500, 0.05, figures);
  assert.ok(rates.length < search(500, 0.05, upTo(700)).rates.length);
});

test("what is known when the time is up is told as it is: wide, and holding the capacity", () => {
  const { low, high } = search(500, 0.05, upTo(1_300), { most: 4 });
  assert.ok(low! > 600 && low! < 1_300 && high! > 1_300 && high! < 2_200, `${low} ${high}`);
  assert.ok(high! / low! > 1.5);
});

test("a generator that cannot keep up ends the search upwards, and is told apart", () => {
  const { ceiling, high, low, rates } = search(1_000, 0.3, (rate) => ({ vote: rate < 3_000 ? "pass" : "generator" }));
  assert.equal(ceiling, "generator");
  assert.ok(low! <= 3_000 && high! >= 3_000);
  assert.deepEqual(rates.slice(0, 3), [1_000, 2_000, 4_000]);
});

test("what never passes, and what always does, ends too, with the rates that were tried and no estimate", () => {
  const never = search(100, 0.05, () => ({ vote: "fail" }));
  assert.deepEqual([never.low, never.estimate, never.reliable, never.ceiling], [null, null, null, "threshold"]);
  assert.equal(never.high, Math.min(...never.rates));
  assert.ok(never.rates.length < 16);
  const always = search(100, 0.05, () => ({ vote: "pass" }));
  assert.deepEqual([always.high, always.estimate, always.ceiling], [null, null, null]);
  assert.equal(always.low, Math.max(...always.rates));
  assert.ok(always.rates.length < 16);
});
