import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunClock } from "../../../../loadtest/drivers/node/clock.ts";
import { pace } from "../../../../loadtest/drivers/node/pacer.ts";
import type { Lane } from "../../../../loadtest/traffic/contract.ts";
import { sourceOf } from "../../../../loadtest/traffic/source.ts";

/** A clock that stands at `now` until it is moved. */
function standingClock(now: number) {
  return { ...createRunClock(), now: () => now };
}

function laneOf(count: number): Lane {
  let made = 0;
  return {
    rate: 1,
    hasAuthor: () => true,
    next: () => (made < count ? { at: ++made, user: 1, do: "send", target: 2 } : null),
  };
}

async function paceAt(now: number, count: number, signal?: AbortSignal) {
  const calls = { sent: [] as number[], dropped: [] as number[], flushes: 0 };
  const hooks = {
    send: ({ at }: { at: number }) => void calls.sent.push(at),
    drop: ({ at }: { at: number }) => void calls.dropped.push(at),
    flush: () => void calls.flushes++,
  };
  await pace(sourceOf([laneOf(count)], 5_000), 5_000, standingClock(now), hooks, signal);
  return calls;
}

test("a generator that is behind sends everything it owes, in order, with pauses to read answers", async () => {
  const { sent, dropped, flushes } = await paceAt(5_000, 1_200);
  assert.deepEqual(
    sent,
    Array.from({ length: 1_200 }, (_, n) => n + 1),
  );
  assert.deepEqual(dropped, []);
  assert.equal(flushes, 3);
});

test("what was owed at the stop is dropped, what was not due is nobody's", async () => {
  const { sent, dropped } = await paceAt(700, 1_200, AbortSignal.abort());
  assert.deepEqual([sent.length, dropped.length, dropped.at(-1)], [0, 700, 700]);
});

test("an empty schedule is over at once", async () => {
  assert.deepEqual((await paceAt(0, 0)).sent, []);
});
