import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { dialogId, groupDialogId, parseDialog } from "../../../server/placement/dialog.ts";
import {
  compareIds,
  composeId,
  ID_EPOCH_MS,
  MAX_COUNTER,
  MAX_ID_MS,
  MAX_MESSAGE_ID,
  MAX_NODE,
  messageTime,
} from "../../../server/placement/message-id.ts";

const user = fc.oneof(
  fc.maxSafeInteger().filter((id) => id > 0),
  fc.integer({ min: 1, max: 30 }),
);
const pair = fc.tuple(user, user).filter(([a, b]) => a !== b);
const moment = fc.record({
  ms: fc.integer({ min: ID_EPOCH_MS, max: ID_EPOCH_MS + MAX_ID_MS }),
  counter: fc.integer({ min: 0, max: MAX_COUNTER }),
  node: fc.integer({ min: 0, max: MAX_NODE }),
});

test("a dialog id is the pair in numeric order, whoever writes, and says its users", () => {
  assert.equal(dialogId(10, 9), "9_10");
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const id = dialogId(a, b);
      assert.equal(dialogId(b, a), id);
      assert.deepEqual(parseDialog(id), { users: [Math.min(a, b), Math.max(a, b)] });
    }),
  );
});

test("different pairs and groups have different dialog ids", () => {
  fc.assert(
    fc.property(pair, pair, user, (x, y, group) => {
      assert.equal(
        dialogId(...x) === dialogId(...y),
        x.every((user) => y.includes(user)),
      );
      assert.notEqual(dialogId(...x), groupDialogId(group));
      assert.deepEqual(parseDialog(groupDialogId(group)), { group });
    }),
  );
});

test("an id out of range and a dialog with oneself are refused", () => {
  for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 53, Infinity]) {
    assert.throws(() => dialogId(bad, 1), RangeError);
    assert.throws(() => dialogId(1, bad), RangeError);
    assert.throws(() => groupDialogId(bad), RangeError);
  }
  assert.throws(() => dialogId(7, 7), RangeError);
});

test("only the canonical form is a dialog id", () => {
  const bad = [
    "2_1",
    "1_1",
    "01_2",
    "1_02",
    "0_1",
    "g_0",
    "g_01",
    "g_",
    "_",
    "1_",
    "1_2_3",
    " 1_2",
    "1_2\n",
    "1-2",
    "-1_2",
  ];
  for (const text of [...bad, "1_9007199254740992", "g_9007199254740992", "G_1", "1e3_2e3", ""]) {
    assert.equal(parseDialog(text), null, text);
  }
});

test("message ids hold their time and sort by time, counter, node, as numbers and as decimal text", () => {
  assert.equal(composeId(ID_EPOCH_MS, 0, 0), 0n);
  assert.equal(composeId(ID_EPOCH_MS + MAX_ID_MS, MAX_COUNTER, MAX_NODE), MAX_MESSAGE_ID);
  assert.equal(composeId(ID_EPOCH_MS + 1, 2, 3), 2n ** 22n + 2n * 2n ** 10n + 3n);
  fc.assert(
    fc.property(moment, moment, (x, y) => {
      const a = composeId(x.ms, x.counter, x.node);
      const b = composeId(y.ms, y.counter, y.node);
      const order = Math.sign(x.ms - y.ms || x.counter - y.counter || x.node - y.node);
      assert.equal(messageTime(a), x.ms);
      assert.equal(a < b ? -1 : a > b ? 1 : 0, order);
      assert.equal(Math.sign(compareIds(String(a), String(b))), order);
    }),
  );
  assert.ok(compareIds("9", "10") < 0);
});
