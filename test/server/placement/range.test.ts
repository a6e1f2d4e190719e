import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { dialogId, dialogNumber, groupDialogId } from "../../../server/placement/dialog.ts";
import { evenRanges } from "../../../server/placement/range.ts";
import { parsePlacement } from "../../../server/placement/registry.ts";
import type { Placement } from "../../../server/placement/contract.ts";

function make(spec: string, shards: number, weights: readonly number[] = []): Placement {
  const { entry, options } = parsePlacement(spec);
  const list = Array.from({ length: shards }, (_, i) => ({ label: `0${i}`, weight: weights[i] ?? 1 }));
  return entry.make(list, options);
}

/** Share of the dialogs of all pairs of users 1 … `users` that each shard has. */
function sharesOf(placement: Placement, shards: number, users: number): number[] {
  const seen = Array.from({ length: shards }, () => 0);
  // Users from 1 on: the lower one is in a dialog with each that comes after it.
  for (let user = 1; user < users; user += 1) seen[placement.place(`${user}_${users}`, 0n)]! += users - user;
  return seen.map((count) => count / ((users * (users - 1)) / 2));
}

test("a dialog's number is its lower user's id, a group's its own id; other texts have none", () => {
  const id = fc.maxSafeInteger().filter((user) => user > 0);
  fc.assert(
    fc.property(id, id, (a, b) => {
      if (a !== b) assert.equal(dialogNumber(dialogId(a, b)), Math.min(a, b));
      assert.equal(dialogNumber(groupDialogId(a)), a);
      assert.equal(dialogNumber(String(a)), a);
    }),
  );
  for (const [text, number] of [
    ["9_3", 3],
    ["", 0],
    ["0", 0],
    ["g_", 0],
    ["g_1_2", 0],
    ["_5", 0],
    ["5_", 0],
    ["5__6", 0],
    ["1_2_3", 0],
    ["room-7", 0],
    ["3f", 0],
    ["9007199254740992", 0],
    ["12345678901234567890", 0],
  ] as const) {
    assert.equal(dialogNumber(text), number, text);
  }
});

test("a boundary is the first number of its range", () => {
  const placement = make("range:at=1000/2000/9007199254740991", 4);
  for (const [dialog, shard] of [
    ["1_5000", 0],
    ["999_5000", 0],
    ["1000_1001", 1],
    ["1999_2000", 1],
    ["g_2000", 2],
    ["9007199254740990_9007199254740991", 2],
    ["g_9007199254740991", 3],
    ["no number", 0],
  ] as const) {
    assert.equal(placement.place(dialog, 0n), shard, dialog);
  }
  const plain = make("range", 1);
  assert.equal(plain.place("7_8", 0n), 0);
});

test("ids grow, and the last range takes the growth", () => {
  // All pairs of 1,000 users in four equal shares: 1 − (1 − x)² is the share below x.
  const placement = make("range:at=135/294/501", 4);
  for (const share of sharesOf(placement, 4, 1_000)) assert.ok(Math.abs(share - 0.25) < 0.002, `${share}`);
  const [first, , , last] = sharesOf(placement, 4, 2_000) as [number, number, number, number];
  assert.ok(Math.abs(last - 0.75 ** 2) < 0.001, `${last}: 2.25 times its fair share`);
  assert.ok(first < 0.14);
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.uniqueArray(fc.integer({ min: 2, max: 1_000 }), { minLength: 24 }),
      (shards, ids) => {
        const numbers = Float64Array.from(ids).sort();
        const spec = evenRanges(numbers, shards);
        const labels = Array.from({ length: shards }, (_, i) => ({ label: String(i).padStart(2, "0"), weight: 1 }));
        const grown = parsePlacement(spec).entry.make(labels, parsePlacement(spec).options);
        const seen = labels.map(() => 0);
        for (const number of numbers) seen[grown.place(`g_${number}`, 0n)]! += 1;
        assert.ok(Math.max(...seen) - Math.min(...seen) <= 1, `${spec} of ${numbers.length} ids: ${seen.join(" ")}`);
        for (const number of numbers) assert.equal(grown.place(`g_${1_000 + number}`, 0n), shards - 1, "new: last");
      },
    ),
  );
});

test("boundaries of few or equal numbers leave ranges empty", () => {
  assert.equal(evenRanges(Float64Array.of(1, 1, 1, 1), 4), "range:at=1/1/1");
  assert.equal(evenRanges(Float64Array.of(7, 2 ** 53 - 1), 3), "range:at=7/9007199254740991");
  assert.equal(make("range:at=5/5", 3).place("5_9", 0n), 2);
  assert.equal(evenRanges(Float64Array.of(5, 6), 1), "range");
});

test("a shard with a boundary above the newest id joins, and nothing moves", () => {
  const before = make("range:at=1000/2000", 3);
  const after = make("range:at=1000/2000/3000", 4);
  for (let user = 1; user < 3_000; user += 1) {
    assert.equal(after.place(`${user}_3500`, 0n), before.place(`${user}_3500`, 0n));
  }
  assert.equal(after.place("3000_3001", 0n), 3);
});

test("boundaries that do not fit the shards are refused with the number that does, and so are bad ones", () => {
  for (const [spec, shards, message] of [
    ["range", 4, "range over 4 shards needs 3 boundaries, and has none: range:at=1000/2000/3000"],
    ["range:at=9", 6, "range over 6 shards needs 5 boundaries, and has 1: range:at=1000/2000/3000/…"],
    ["range:at=5/9", 2, "range over 2 shards needs 1 boundary, and has 2: range:at=1000"],
    ["range:at=5", 1, "range over 1 shard has no boundaries, and these are 1"],
  ] as const) {
    assert.throws(() => make(spec, shards), { code: "BAD_PLACEMENT", message });
  }
  for (const at of ["9/3", "0/5", "5/", "/5", "5//9", "1e3/2e3", "5/9007199254740992", "a/b"]) {
    assert.throws(
      () => make(`range:at=${at}`, 3),
      (error: Error) =>
        error.message.includes(`at is ascending integers from 1 to 9007199254740991, joined by "/", not "${at}"`),
      at,
    );
  }
  assert.throws(() => make("range:at=5", 2, [1, 2]), { code: "BAD_PLACEMENT", message: /range cannot weigh shards/ });
});
