import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { dealLanesOut, mergeLanes } from "../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { ladyGaga } from "../../../loadtest/traffic/stories/lady-gaga.ts";

test("every lane goes to one generator, and none gets more than its share and one lane", () => {
  const rates = fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 8 }), (lanes, count) => {
      const hands = dealLanesOut(lanes, count);
      assert.equal(hands.length, count);
      assert.deepEqual(
        hands.flat().sort((a, b) => a - b),
        lanes.map((_, index) => index),
      );
      const total = lanes.reduce((sum, rate) => sum + rate, 0);
      const heaviest = Math.max(...hands.map((hand) => hand.reduce((sum, index) => sum + (lanes[index] ?? 0), 0)));
      assert.ok(heaviest <= total / count + Math.max(...lanes) + 1e-6);
    }),
  );
});

test("the two halves of a hot dialog go to different generators", () => {
  const lanes = ladyGaga.make({ ...DEFAULT_DIALS, hotShare: 0.9 }).lanes();
  const hands = dealLanesOut(
    lanes.map((lane) => lane.rate),
    4,
  );
  const handOf = (user: number) => hands.findIndex((hand) => hand.some((index) => lanes[index]?.hasAuthor(user)));
  assert.notEqual(handOf(1), handOf(2));
});

test("merged lanes are one ascending stream of everything", () => {
  const dials = { ...DEFAULT_DIALS, durationS: 2, warmupS: 0 };
  const next = mergeLanes(ladyGaga.make(dials).lanes());
  const merged: number[] = [];
  for (let send = next(); send !== null; send = next()) merged.push(send.at);
  const apart = ladyGaga
    .make(dials)
    .lanes()
    .flatMap((lane) => {
      const moments: number[] = [];
      for (let send = lane.next(); send !== null; send = lane.next()) moments.push(send.at);
      return moments;
    });
  assert.deepEqual(
    merged,
    apart.sort((a, b) => a - b),
  );
});
