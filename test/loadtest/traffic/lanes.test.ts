import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Dials, Story } from "../../../loadtest/traffic/contract.ts";
import { mergeLanes } from "../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { dealLanes } from "../../../loadtest/traffic/lanes.ts";
import { findScenario, SCENARIOS } from "../../../loadtest/traffic/stories/registry.ts";
import { chiSquareIsLow, evennessP } from "../../support/goodness-of-fit.ts";

const EVEN = SCENARIOS.filter((scenario) => scenario.make(DEFAULT_DIALS).expected === undefined);

/** Moments of all messages, ascending. */
function momentsOf(story: Story): number[] {
  const next = mergeLanes(story.lanes());
  const moments: number[] = [];
  for (let send = next(); send !== null; send = next()) moments.push(send.at);
  return moments;
}

test("a run holds as many messages as were asked for, whatever the rate, the duration and the seed", () => {
  const dials = fc.record({
    rate: fc.oneof(fc.double({ min: 0.05, max: 3_000, noNaN: true }), fc.integer({ min: 1, max: 3_000 })),
    durationS: fc.oneof(fc.double({ min: 0.1, max: 4, noNaN: true }), fc.integer({ min: 1, max: 4 })),
    warmupS: fc.constantFrom(0, 0.1, 1),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
    users: fc.integer({ min: 8, max: 200 }),
    keys: fc.constantFrom(1, 12),
  });
  assert.equal(EVEN.length, 7);
  for (const scenario of EVEN) {
    fc.assert(
      fc.property(dials, (given) => {
        fc.pre(scenario.faults({ ...DEFAULT_DIALS, ...given }).length === 0);
        const story = scenario.make({ ...DEFAULT_DIALS, ...given });
        const moments = momentsOf(story);
        const early = moments.filter((at) => at < given.warmupS * 1000).length;
        assert.equal(early, Math.round(given.rate * given.warmupS), "warm-up");
        assert.equal(moments.length - early, Math.round(given.rate * given.durationS), "measured");
      }),
      { numRuns: 60 },
    );
  }
});

test("the default seed makes the default rate, as every other does", () => {
  for (const seed of [1, 2, 3, 4_294_967_295]) {
    for (const scenario of EVEN) {
      assert.equal(momentsOf(scenario.make({ ...DEFAULT_DIALS, seed })).length, 500 * 22, `${scenario.name} ${seed}`);
    }
  }
});

test("a rate and a duration that make no message are refused before the run", () => {
  const dials = { ...DEFAULT_DIALS, rate: 0.02, durationS: 20 };
  for (const scenario of EVEN)
    assert.match(scenario.faults(dials).join(), /^rate and duration make no message: 0\.02 a/);
  assert.deepEqual(findScenario("random")!.faults({ ...dials, durationS: 25 }), []);
});

test("flash-crowd holds what its curve asks for, and says so", () => {
  const dials = fc.record({
    rate: fc.double({ min: 1, max: 500, noNaN: true }),
    durationS: fc.constantFrom(3, 4.5, 8),
    warmupS: fc.constantFrom(0, 1),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
    burst: fc.double({ min: 1, max: 20, noNaN: true }),
    burstAtS: fc.constantFrom(0, 1, 2.9),
    riseS: fc.constantFrom(0, 2),
    joinShare: fc.constantFrom(0, 0.5),
    hotShare: fc.constantFrom(0, 0.5, 1),
    hotSet: fc.constantFrom(1, 20),
    walkS: fc.constantFrom(0, 0.3),
  });
  fc.assert(
    fc.property(dials, (given) => {
      const story = findScenario("flash-crowd")!.make({ ...DEFAULT_DIALS, ...given });
      const moments = momentsOf(story);
      const quiet = Math.round(given.rate * given.warmupS);
      assert.equal(moments.length, story.expected);
      assert.equal(story.expectedIsExact, true);
      assert.equal(moments.filter((at) => at < given.warmupS * 1000).length, quiet);
      assert.ok(story.expected! - quiet >= Math.round(given.rate * given.durationS), "the burst comes on top");
    }),
    { numRuns: 60 },
  );
});

/** p values of as many seeds: of independent right draws one in twenty is below 0.05. */
function assertEven(pValues: readonly number[], what: string): void {
  const low = pValues.filter((p) => p < 0.05).length;
  const expected = 0.05 * pValues.length;
  assert.ok(Math.abs(low - expected) < 4 * Math.sqrt(expected), `${what}: ${low} of ${pValues.length} below 0.05`);
  assert.ok(evennessP(pValues) > 1e-4, `${what}: ${evennessP(pValues)}`);
}

test("the gaps are those of Poisson arrivals: exponential, by Kolmogorov's test over many seeds", () => {
  const pValues = Array.from({ length: 400 }, (_, seed) => {
    const story = findScenario("random")!.make({ ...DEFAULT_DIALS, rate: 1_000, warmupS: 0, durationS: 20, seed });
    const next = mergeLanes(story.lanes());
    let last = 0;
    // Of 20,000 the first 200: their gaps know of their number as good as nothing.
    const gaps = Array.from({ length: 200 }, () => {
      const { at } = next()!;
      const gap = at - last;
      last = at;
      return 1 - Math.exp(-gap);
    });
    return evennessP(gaps);
  });
  assertEven(pValues, "first gaps");
});

test("the moments are anywhere in their phase, independent of each other, lane by lane and all together", () => {
  const dials = { ...DEFAULT_DIALS, rate: 40, warmupS: 2, durationS: 3 };
  const all: number[] = [];
  const lanes: number[] = [];
  for (let seed = 0; seed < 400; seed += 1) {
    const story = findScenario("lady-gaga")!.make({ ...dials, seed });
    const late = momentsOf(story).filter((at) => at >= 2_000);
    all.push(evennessP(late.map((at) => (at - 2_000) / 3_000)));
    const [hot] = story.lanes();
    const own = momentsOf({ ...story, lanes: () => [hot!] }).filter((at) => at >= 2_000);
    lanes.push(evennessP(own.map((at) => (at - 2_000) / 3_000)));
  }
  assertEven(all, "all");
  assertEven(lanes, "the first lane");
});

test("which lane a message falls to is as among independent Poisson processes: a multinomial draw", () => {
  const rates = [8, 1, 1, 2, 0, 4];
  const dials: Dials = { ...DEFAULT_DIALS, users: 6, offlineShare: 0, rate: 16, warmupS: 1, durationS: 4 };
  const seeds = 20_000;
  // Of 64 messages so many of the measured phase fall to the first lane (a half), so many to the fourth (an eighth).
  const first = Array.from({ length: 65 }, () => 0);
  const fourth = Array.from({ length: 65 }, () => 0);
  let product = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    const lanes = dealLanes({ ...dials, seed }, ({ index, user }) => ({
      rate: rates[index]!,
      draw: () => ({ author: user(0), to: 1 }),
    }));
    const [early, late] = [0, 1].map((phase) => lanes.map(({ phases }) => phases![phase]!.messages));
    assert.equal(sum(early!), 16);
    assert.equal(sum(late!), 64);
    assert.equal(early![4]! + late![4]!, 0, "a lane without a rate");
    first[late![0]!]! += 1;
    fourth[late![3]!]! += 1;
    product += (late![0]! - 32) * (late![3]! - 8);
  }
  assert.ok(chiSquareIsLow(first, binomial(64, 1 / 2, seeds)), "first");
  assert.ok(chiSquareIsLow(fourth, binomial(64, 1 / 8, seeds)), "fourth");
  // The covariance of two counts is −n p q.
  assert.ok(Math.abs(product / seeds + 64 / 16) < 4 * Math.sqrt((16 * 7 + 16) / seeds), `${product / seeds}`);
});

test("lanes that make another rate than asked make theirs", () => {
  const dials: Dials = { ...DEFAULT_DIALS, users: 2, offlineShare: 0, rate: 16, warmupS: 0, durationS: 10 };
  const lanes = dealLanes(dials, ({ user }) => ({ rate: 5, draw: () => ({ author: user(0), to: 3 }) }));
  assert.equal(sum(lanes.map(({ phases }) => phases![1]!.messages)), 100);
});

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

function binomial(n: number, p: number, draws: number): number[] {
  let mass = draws * (1 - p) ** n;
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) mass *= ((n - k + 1) * p) / (k * (1 - p));
    return mass;
  });
}
