import assert from "node:assert/strict";
import { test } from "node:test";
import { createRowCount } from "../../../server/shards/row-count.ts";

/** A table that others write to as well. @param tookMs of one count */
function table(tookMs: number) {
  const state = { rows: 100, counts: 0, now: 0, isLost: false };
  const count = createRowCount(
    async () => {
      state.counts += 1;
      state.now += tookMs;
      if (state.isLost) throw new Error("lost");
      return state.rows;
    },
    () => state.now,
  );
  return { state, count };
}

test("a table is counted once; what this process stores is added", async () => {
  const { state, count } = table(5);
  count.add(7);
  assert.equal(await count.read(), 100, "these are in the count");
  for (let look = 1; look <= 10; look++) {
    count.add(3);
    state.now += 5_000;
    assert.equal(await count.read(), 100 + 3 * look);
  }
  assert.equal(state.counts, 1);
});

test("what others stored is found by a new count, for at most a thousandth of the time", async () => {
  for (const [tookMs, restMs] of [
    [5, 60_000],
    [2_000, 2_000_000],
  ] as const) {
    const { state, count } = table(tookMs);
    await count.read();
    state.rows = 500;
    state.now += restMs - 1;
    assert.equal(await count.read(), 100);
    state.now += 1;
    assert.equal(await count.read(), 500);
    assert.equal(state.counts, 2);
  }
});

test("a table that cannot be counted has no count, and is not asked at each look", async () => {
  const { state, count } = table(100);
  state.isLost = true;
  assert.equal(await count.read(), null);
  assert.equal(await count.read(), null);
  assert.equal(state.counts, 1);
  state.isLost = false;
  state.now += 100_000;
  assert.equal(await count.read(), 100);
  state.isLost = true;
  count.add(1);
  state.now += 100_000;
  assert.equal(await count.read(), 101, "the last one stands");
});
