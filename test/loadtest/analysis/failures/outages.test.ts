import assert from "node:assert/strict";
import { test } from "node:test";
import { outagesOf } from "../../../../loadtest/analysis/failures/outages.ts";

const every = (fromMs: number, untilMs: number, stepMs: number): number[] =>
  Array.from({ length: Math.floor((untilMs - fromMs) / stepMs) + 1 }, (_, i) => fromMs + i * stepMs);

/** Slices of a second in which the shard acknowledged something. */
const acked = (...seconds: number[]) => seconds.map((second) => ({ second, shard: "02", acked: 9 }));

test("a shard that answers nothing for a while is out for that while", () => {
  const table = [
    // Killed at 8.05 s, back at 12.15 s; late answers came in the seconds that it began and ended in.
    [every(8_050, 12_150, 10), acked(6, 7, 8, 12, 13), [[8.05, 12.15, 411]]],
    // Twice.
    [
      [...every(1_000, 2_000, 20), ...every(6_000, 7_000, 20)],
      acked(0, 3, 4, 5, 8),
      [
        [1, 2, 51],
        [6, 7, 51],
      ],
    ],
    // One error in a hundred all the time, among good answers: no outage.
    [every(0, 20_000, 600), acked(...every(0, 20, 1)), []],
    // Too short, too few.
    [every(5_000, 5_200, 10), acked(4, 6), []],
    [[5_000, 5_900], acked(4, 6), []],
    [[], acked(4), []],
  ] as const;
  for (const [unanswered, slices, expected] of table) {
    const found = outagesOf({ shard: "02", unanswered, offeredPerS: 100, slices });
    assert.deepEqual(
      found.map(({ fromS, untilS, messages }) => [fromS, untilS, messages]),
      expected,
    );
  }
});

test("on a quiet shard the gaps between messages are no ends of an outage, and another shard's answers are none of its own", () => {
  const unanswered = every(10_000, 30_000, 4_000);
  const slices = every(0, 40, 1).map((second) => ({ second, shard: "01", acked: 50 }));
  const [outage, ...more] = outagesOf({ shard: "02", unanswered, offeredPerS: 0.25, slices });
  assert.deepEqual([outage?.fromS, outage?.untilS, more.length], [10, 30, 0]);
});
