import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { gapDistance, outOfRow } from "../../../../loadtest/analysis/verdict/arrival-gaps.ts";
import { addGapBins, createGapBins } from "../../../../loadtest/measurement/gap-bins.ts";
import { averageRate, scheduleOf } from "../../../../loadtest/traffic/schedule.ts";
import type { Dials } from "../../../../loadtest/traffic/contract.ts";
import { dealLanesOut, mergeLanes } from "../../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { parseArrivals } from "../../../../loadtest/traffic/arrivals/registry.ts";
import { dealLanes } from "../../../../loadtest/traffic/lanes.ts";
import { phaseShare } from "../../../../loadtest/traffic/phase-share.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { chiSquareIsLow, evennessP } from "../../../support/goodness-of-fit.ts";

/** Dials as `parseDials` makes them. */
function dialsOf(arrivals: string, changes: Partial<Dials> = {}): Dials {
  const shape = parseArrivals(arrivals);
  assert.ok(typeof shape === "object" && shape.isOpen);
  const durationS = changes.durationS ?? shape.pieces.reduce((sum, { seconds }) => sum + seconds, 0);
  return { ...DEFAULT_DIALS, warmupS: 1, ...changes, durationS, arrivals, rate: averageRate(shape, durationS) };
}

const lanesOf = (dials: Dials, scenario = "random") => findScenario(scenario)!.make(dials).lanes();

function momentsOf(dials: Dials, scenario?: string): number[] {
  const next = mergeLanes(lanesOf(dials, scenario));
  const moments: number[] = [];
  for (let send = next(); send !== null; send = next()) moments.push(send.at);
  return moments;
}

const rate = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 900, noNaN: true })).map((r) => r.toFixed(3));
const time = fc.integer({ min: 50, max: 1_500 }).map((ms) => `${ms}ms`);
const shapes = fc.oneof(
  fc.tuple(rate, rate, time).map(([from, to, length]) => `ramp:${from}..${to}/${length}`),
  fc
    .tuple(fc.array(rate, { minLength: 1, maxLength: 5 }), time)
    .map(([rates, length]) => `steps:${rates.join()}/${length}`),
  fc.tuple(rate, rate, time, time).map(([low, peak, length, at]) => `spike:${low}..${peak}/${length}@${at}`),
);

test("every stretch holds what its rate makes, to the message, for any model, gaps and seed", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.constantFrom("", ",even"),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.constantFrom(0, 0.3),
      fc.constantFrom(0, 0.7),
      (text, gaps, seed, warmupS, longer) => {
        fc.pre(typeof parseArrivals(text) === "object");
        const { durationS } = dialsOf(text);
        const dials = dialsOf(`${text}${gaps}`, { seed, warmupS, durationS: durationS + longer, users: 40 });
        fc.pre(findScenario("random")!.faults(dials).length === 0);
        const schedule = scheduleOf(dials);
        const moments = momentsOf(dials);
        assert.ok(moments.every((at, i) => at >= (moments[i - 1] ?? 0)));
        for (const { fromMs, untilMs, messages } of schedule) {
          assert.equal(moments.filter((at) => at >= fromMs && at < untilMs).length, messages);
        }
        const measured = moments.filter((at) => at >= 1000 * warmupS).length;
        assert.ok(Math.abs(measured - dials.rate * dials.durationS) <= 0.5 + 1e-6, "the average is the rate");
        assert.ok(Math.abs(schedule.at(-1)!.untilMs - 1000 * (warmupS + dials.durationS)) < 1e-3);
      },
    ),
  );
});

test("the warm-up has the rate of the start", () => {
  for (const [text, early] of [
    ["ramp:100..300/1s", 200],
    ["steps:40,90/1s", 80],
    ["spike:30..900/1s@1s", 60],
    ["ramp:0..300/1s", 0],
  ] as const) {
    const moments = momentsOf(dialsOf(text, { warmupS: 2 }));
    assert.equal(moments.filter((at) => at < 2_000).length, early, text);
  }
});

test("a phase's share and its moment undo each other, and rise with each other", () => {
  const end = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1e6, noNaN: true }));
  fc.assert(
    fc.property(
      end,
      end,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (from, to, a, b) => {
        fc.pre(from + to > 1e-6);
        const { share, moment } = phaseShare({ untilMs: 5_000, rates: { from, to } }, 1_000);
        for (const x of [a, b]) {
          const at = moment(x);
          assert.ok(at >= 1_000 && at <= 5_000, `${at}`);
          assert.ok(Math.abs(share(at) - x) < 1e-9, `${share(at)} and ${x}`);
        }
        if (a < b) assert.ok(moment(a) <= moment(b));
      },
    ),
  );
});

test("on a ramp the moments are even in the area under the rate, and independent", () => {
  for (const text of ["ramp:0..40/4s", "ramp:60..10/4s"]) {
    const shape = parseArrivals(text);
    assert.ok(typeof shape === "object" && shape.isOpen);
    const { from, to } = shape.pieces[0]!;
    // ∫ of the rate from 0 to t, over that of all.
    const area = (t: number) => (from * t + ((to - from) * t * t) / 8) / (2 * (from + to));
    const pValues = Array.from({ length: 300 }, (_, seed) => {
      const moments = momentsOf(dialsOf(text, { seed, warmupS: 0 }));
      return evennessP(moments.map((at) => area(at / 1000)));
    });
    const low = pValues.filter((p) => p < 0.05).length;
    assert.ok(Math.abs(low - 15) < 4 * Math.sqrt(15), `${text}: ${low} of 300 below 0.05`);
    assert.ok(evennessP(pValues) > 1e-4, text);
  }
});

test("even gaps are all alike, over all lanes and whatever the story", () => {
  for (const scenario of ["random", "lady-gaga", "zipf"]) {
    const moments = momentsOf({ ...dialsOf("constant:400,even", { durationS: 2 }), keys: 900 }, scenario);
    assert.equal(moments.length, 1_200);
    for (const [i, at] of moments.entries()) assert.ok(Math.abs(at - (i + 0.5) * 2.5) < 1e-9, `${i}: ${at}`);
  }
  const steps = momentsOf(dialsOf("steps:100,1000/1s,even", { warmupS: 0 }));
  assert.ok(Math.abs(steps[1]! - steps[0]! - 10) < 1e-9);
  assert.ok(Math.abs(steps.at(-1)! - steps.at(-2)! - 1) < 1e-9);
});

test("with even gaps a lane gets its share, and no message more or less than once", () => {
  const rates = [8, 0, 1, 1, 2, 4];
  const dials = { ...dialsOf("constant:16,even", { durationS: 20_000, warmupS: 0 }), users: 6, offlineShare: 0 };
  const lanes = dealLanes(dials, ({ index, user }) => ({
    rate: rates[index]!,
    draw: () => ({ author: user(0), to: 1 }),
  }));
  const counts = lanes.map((lane) => {
    let count = 0;
    while (lane.next() !== null) count += 1;
    return count;
  });
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    320_000,
  );
  assert.equal(counts[1], 0);
  const busy = counts.filter((_, index) => rates[index]! > 0);
  const expected = rates.filter((one) => one > 0).map((one) => one * 20_000);
  assert.ok(chiSquareIsLow(busy, expected), counts.join());
});

test("neighbours in a row of even gaps fall to lanes independently of each other", () => {
  const dials = { ...dialsOf("constant:100,even", { durationS: 1_000, warmupS: 0 }), users: 4, offlineShare: 0 };
  const next = mergeLanes(lanesOf(dials));
  const pairs = Array.from({ length: 16 }, () => 0);
  let last = 0;
  for (let send = next(); send !== null; send = next()) {
    pairs[4 * last + (send.user - 1)]! += 1;
    last = send.user - 1;
  }
  assert.ok(
    chiSquareIsLow(
      pairs,
      pairs.map(() => 100_000 / 16),
    ),
    pairs.join(),
  );
});

/** The gaps that so many generators keep of their lanes, together; every message but those left out. */
function gapsOf(dials: Dials, generators: number, isKept: (at: number, author: number) => boolean = () => true) {
  const lanes = lanesOf(dials);
  const hands = dealLanesOut(
    lanes.map((lane) => lane.rate),
    generators,
  );
  return addGapBins(
    hands.map((hand) => {
      const own = lanes.filter((_, index) => hand.includes(index));
      const gaps = createGapBins(own);
      const next = mergeLanes(own);
      for (let send = next(); send !== null; send = next()) if (isKept(send.at, send.user)) gaps.sent(send.at);
      return gaps.counts;
    }),
  );
}

test("no honest schedule of any model is off, and its bins are even", () => {
  for (const text of ["ramp:0..2000/6s", "ramp:2500..100/5s", "steps:100,3000,1000/2s", "spike:200..4000/2s@1s"]) {
    for (const generators of [1, 4]) {
      const bins = gapsOf(dialsOf(text), generators);
      const total = bins.reduce((sum, count) => sum + count, 0);
      const { distance, tolerance } = gapDistance(bins);
      assert.ok(distance <= tolerance, `${text} by ${generators}: ${distance}`);
      assert.ok(
        chiSquareIsLow(
          bins,
          bins.map(() => total / 64),
        ),
        `${text} by ${generators}: ${bins.join()}`,
      );
      assert.equal(outOfRow(gapsOf(dialsOf(`${text},even`), generators)), 0, text);
    }
  }
});

test("another course than the one asked for is found", () => {
  const { distance, tolerance } = gapDistance(gapsOf(dialsOf("ramp:0..2000/6s"), 1, (_, author) => author % 2 === 0));
  assert.ok(distance > tolerance, "half of the messages are missing");
  const even = createGapBins(lanesOf(dialsOf("constant:100,even", { durationS: 10 })));
  for (let i = 0; i < 1_000; i += 1) even.sent(10 * i + 5 + (i % 3));
  assert.ok(outOfRow(even.counts) > 600, "a row that is not even");
  const ramp = createGapBins(lanesOf(dialsOf("ramp:0..200/10s")));
  for (let i = 0; i < 1_000; i += 1) ramp.sent(1_000 + 10 * i);
  const off = gapDistance(ramp.counts);
  assert.ok(off.distance > off.tolerance, "a constant rate instead of a ramp");
});
