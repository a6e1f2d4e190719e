import assert from "node:assert/strict";
import { test } from "node:test";
import { changeSentences } from "../../../loadtest/commands/changes-output.ts";
import type { TopologyChange } from "../../../server/protocol/topology-change.ts";

const change = (epoch: number, rest: Partial<TopologyChange> = {}): TopologyChange => ({
  at: Date.UTC(2026, 0, 1, 9, 8, 7),
  epoch,
  kind: "split",
  words: "split 1_2 over 3 shards",
  ...rest,
});
const said = (rest: Partial<TopologyChange>): string =>
  changeSentences([change(2, rest)])[0]!
    .replaceAll("\u202f", " ")
    .replaceAll("\u00a0", " ");

test("a change is a sentence with what was forecast and what came true, as far as that is known", () => {
  const head = "09:08:07 UTC, epoch 2: split 1_2 over 3 shards";
  assert.equal(said({}), `${head}.`);
  const forecast = { before: 2.2, after: 1.09 };
  assert.equal(said({ before: 2.19, forecast }), `${head}; max/mean was 2.19 ×, forecast 1.09 ×.`);
  assert.equal(
    said({ before: 2.19, forecast, came: { after: 1.15, others: 0 } }),
    `${head}; max/mean was 2.19 ×, forecast 1.09 ×, came to 1.15 ×.`,
  );
  assert.equal(
    said({ came: { after: 1.15, others: 2 }, afterwards: "back after 15.4 s" }),
    `${head}; max/mean came to 1.15 ×, with 2 more changes since; back after 15.4 s.`,
  );
});

test("the newest come first, and the oldest of many are left out", () => {
  const epochs = changeSentences(Array.from({ length: 9 }, (_, i) => change(i + 2))).map(
    (one) => /epoch (\d+)/u.exec(one)![1],
  );
  assert.deepEqual(epochs, ["10", "9", "8", "7", "6"]);
});
