import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { gapDistance } from "../../../loadtest/analysis/verdict/arrival-gaps.ts";
import type { Lane } from "../../../loadtest/traffic/contract.ts";
import { dealLanesOut, mergeLanes } from "../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { addGapBins, createGapBins } from "../../../loadtest/measurement/gap-bins.ts";
import { findScenario, SCENARIOS } from "../../../loadtest/traffic/stories/registry.ts";
import { chiSquareIsLow } from "../../support/goodness-of-fit.ts";

function isOff(bins: readonly number[]): boolean {
  const { distance, tolerance } = gapDistance(bins);
  return distance > tolerance;
}

/** The gaps that so many generators keep of their lanes, together. */
function gapsOf(lanes: readonly Lane[], generators: number): number[] {
  const hands = dealLanesOut(
    lanes.map(({ rate }) => rate),
    generators,
  );
  const bins = hands.map((hand) => {
    const own = lanes.filter((_lane, index) => hand.includes(index));
    const gaps = createGapBins(own);
    const next = mergeLanes(own);
    for (let planned = next(); planned !== null; planned = next()) gaps.sent(planned.at);
    return gaps.counts;
  });
  return addGapBins(bins);
}

const total = (bins: readonly number[]): number => bins.reduce((sum, count) => sum + count, 0);

test("the schedules of all scenarios of an even rate have the gaps of Poisson arrivals, whole or in parts", () => {
  const dials = { ...DEFAULT_DIALS, rate: 2_000, durationS: 10, warmupS: 1 };
  for (const scenario of SCENARIOS) {
    const story = scenario.make(dials);
    if (story.expected !== undefined) continue;
    for (const generators of [1, 4, 16]) {
      const all = gapsOf(story.lanes(), generators);
      assert.equal(total(all), 22_000);
      assert.ok(!isOff(all), `${scenario.name} in ${generators}: ${JSON.stringify(gapDistance(all))}`);
      assert.ok(
        chiSquareIsLow(
          all,
          all.map(() => 22_000 / 64),
        ),
        `${scenario.name} in ${generators}`,
      );
    }
  }
});

test("of a handful of messages the bins are as even, however many generators share them", () => {
  for (const [rate, warmupS, durationS] of [
    [1, 0, 2],
    [3, 0.4, 1],
    [0.5, 2, 10],
    [40, 0.1, 0.5],
  ] as const) {
    for (const generators of [1, 3, 16]) {
      const bins = Array.from({ length: 3_000 }, (_, seed) => {
        const story = findScenario("lady-gaga")!.make({ ...DEFAULT_DIALS, rate, warmupS, durationS, seed, users: 40 });
        return gapsOf(story.lanes(), generators);
      });
      const all = addGapBins(bins);
      const messages = Math.round(rate * warmupS) + Math.round(rate * durationS);
      assert.equal(total(all), 3_000 * messages);
      const expected = all.map(() => total(all) / 64);
      assert.ok(chiSquareIsLow(all, expected), `${rate}/s, ${warmupS} + ${durationS} s in ${generators}`);
    }
  }
});

test("no honest schedule is off, whatever the rate, the duration and the seed", () => {
  const dials = fc.record({
    rate: fc.double({ min: 0.1, max: 500, noNaN: true }),
    durationS: fc.double({ min: 0.1, max: 5, noNaN: true }),
    warmupS: fc.constantFrom(0, 0.3, 2),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
  });
  fc.assert(
    fc.property(dials, fc.constantFrom(1, 2, 5, 16), (given, generators) => {
      const bins = gapsOf(
        findScenario("random")!
          .make({ ...DEFAULT_DIALS, ...given })
          .lanes(),
        generators,
      );
      assert.equal(total(bins), Math.round(given.rate * given.warmupS) + Math.round(given.rate * given.durationS));
      assert.ok(!isOff(bins));
    }),
  );
});

const thousand = [{ phases: [{ untilMs: 10_000, messages: 1_000 }] }];

test("an even pace, another rate, bursts, and messages that were not sent are found", () => {
  const schedules: readonly ((i: number) => number)[] = [
    (i) => i * 10,
    (i) => Math.floor(i / 10) * 100,
    (i) => -Math.log((i * 0.618034) % 1) + i * 9,
  ];
  for (const [index, at] of schedules.entries()) {
    const gaps = createGapBins(thousand);
    for (let i = 1; i <= 1_000; i += 1) gaps.sent(at(i));
    assert.ok(isOff(gaps.counts), `schedule ${index}`);
  }
  const story = findScenario("random")!.make({ ...DEFAULT_DIALS, rate: 100, durationS: 10, warmupS: 0 });
  const lanes = story.lanes();
  const gaps = createGapBins(lanes);
  const next = mergeLanes(lanes);
  for (let planned = next(); planned !== null; planned = next()) if (planned.user % 2 === 0) gaps.sent(planned.at);
  assert.ok(isOff(gaps.counts), "every other author is away");
});

test("lanes with a pace of their own keep no gaps", () => {
  const lanes = findScenario("flash-crowd")!
    .make({ ...DEFAULT_DIALS, rate: 50, durationS: 8 })
    .lanes();
  assert.equal(total(gapsOf(lanes, 1)), 0);
  assert.ok(!isOff(gapsOf(lanes, 1)));
});
