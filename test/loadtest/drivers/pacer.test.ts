import assert from "node:assert/strict";
import { test } from "node:test";
import { pace } from "../../../loadtest/drivers/pacer.ts";
import type { Lane } from "../../../loadtest/traffic/contract.ts";
import { sourceOf } from "../../../loadtest/traffic/source.ts";

function laneOf(count: number): Lane {
  let made = 0;
  return {
    rate: 1,
    hasAuthor: () => true,
    next: () => (made < count ? { at: ++made, user: 1, do: "send", target: 2 } : null),
  };
}

/** On a clock that stands: what is said to come later comes at once. */
function paceAt(now: number, count: number, isCut = false) {
  const calls = { taken: [] as number[], flushes: 0, ends: 0 };
  const waiting: (() => void)[] = [];
  pace({
    source: sourceOf([laneOf(count)], 5_000),
    endMs: 5_000,
    clock: { now: () => now },
    mostPerTurn: 500,
    after(_, run) {
      waiting.push(run);
      return () => {};
    },
    take: ({ at }) => void calls.taken.push(at),
    flush: () => void calls.flushes++,
    isCut: () => isCut,
    done: () => void calls.ends++,
  });
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) run();
  return calls;
}

test("a generator that is behind sends everything it owes, in order, with pauses to read answers", () => {
  const { taken, flushes, ends } = paceAt(5_000, 1_200);
  assert.deepEqual(
    taken,
    Array.from({ length: 1_200 }, (_, n) => n + 1),
  );
  assert.deepEqual([flushes, ends], [3, 1]);
});

test("of a schedule that is cut all that is due is taken, and nothing else", () => {
  const { taken, ends } = paceAt(700, 1_200, true);
  assert.deepEqual([taken.length, taken.at(-1), ends], [700, 700, 1]);
});

test("an empty schedule is over at once", () => {
  assert.deepEqual(paceAt(0, 0), { taken: [], flushes: 1, ends: 1 });
});
