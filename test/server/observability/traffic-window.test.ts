import assert from "node:assert/strict";
import { test } from "node:test";
import { createDialogCounts } from "../../../server/observability/dialog-counts.ts";
import { bucketOf, createKeyHash } from "../../../server/observability/key-space.ts";
import { createTrafficWindow } from "../../../server/observability/traffic-window.ts";
import { estimateNoise } from "../../../server/statistics/noise-estimate.ts";

const hashOf = createKeyHash();

test("a closed window has the skew of its own messages, and tells its dialogs in turns of bounded length", () => {
  const turns: (() => void)[] = [];
  const told = new Map<number, number>();
  let inTurn = 0;
  const labels = ["00", "01", "02", "03"];
  const window = createTrafficWindow(
    () => labels,
    (messages, dialogs) => {
      inTurn += dialogs;
      told.set(messages, (told.get(messages) ?? 0) + dialogs);
    },
    (run) => turns.push(run),
  );
  for (let dialog = 0; dialog < 9_000; dialog++) window.add(labels[dialog % 3]!, `1_${dialog + 2}`);
  for (let i = 0; i < 5_999; i++) window.add("03", "hot");
  for (let i = 0; i < 3_001; i++) window.add("03", "1_2");
  const skew = window.close();
  const { dialogs, messages, shards } = skew;
  assert.deepEqual(
    { dialogs, messages, shards },
    { dialogs: 9_001, messages: 18_000, shards: [3_000, 3_000, 3_000, 9_000] },
  );
  assert.deepEqual([skew.maxOverMean, skew.effectiveShards], [2, 2]);
  assert.ok(Math.abs(skew.cv - Math.sqrt(3) / 3) < 1e-9 && Math.abs(skew.gini - 0.25) < 1e-9);
  assert.equal(skew.noiseFloor, estimateNoise(9_001, 4));

  // The next window fills while the last one is still told.
  window.add("00", "next");
  for (let turn = 1; turns.length > 0; turn++) {
    assert.ok(inTurn <= 2_000, `${inTurn} dialogs in one turn`);
    inTurn = 0;
    turns.shift()!();
    assert.ok(turn < 100);
  }
  assert.deepEqual(
    [...told].sort(([a], [b]) => a - b),
    [
      [1, 8_999],
      [3_002, 1],
      [5_999, 1],
    ],
  );
  assert.deepEqual(window.close().shards, [1, 0, 0, 0]);
});

test("more dialogs than are kept: memory is bounded, and what is kept stands for all without bias", () => {
  for (const distinct of [100, 1_000, 5_000, 80_000]) {
    const counts = createDialogCounts(1_000, hashOf);
    // Dialog i has 1 + i mod 3 messages.
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < distinct; i++) {
        if (i % 3 >= round) counts.add(`7_${i + 8}`);
      }
    }
    const kept = [...counts.counts()];
    assert.ok(kept.length <= 1_000);
    if (distinct <= 1_000) assert.deepEqual([kept.length, counts.weight()], [distinct, 1]);
    // The standard error is 1/√kept, and at least about 500 are kept: five of them.
    const allowed = distinct <= 1_000 ? 0 : 5 / Math.sqrt(kept.length);
    assert.ok(Math.abs(counts.distinct() / distinct - 1) <= allowed, `${counts.distinct()} of ${distinct}`);
    const messages = kept.reduce((sum, count) => sum + count, 0) * counts.weight();
    assert.ok(Math.abs(messages / (2 * distinct) - 1) <= allowed + 0.02, `${messages} messages of ${distinct} dialogs`);
    assert.ok(
      kept.every((count) => count >= 1 && count <= 3),
      "each was counted from its first message",
    );
  }
});

test("the key space is even over its 256 buckets", () => {
  const buckets = new Float64Array(256);
  const n = 200_000;
  for (let i = 1; i <= n; i++) buckets[bucketOf(hashOf(`${i}_${i + 1}`))]!++;
  const chi = buckets.reduce((sum, count) => sum + (count - n / 256) ** 2 / (n / 256), 0);
  // χ² with 255 degrees of freedom: mean 255, σ 22.6; 1e-6 on either side lies near 370 and 160.
  assert.ok(chi > 155 && chi < 375, String(chi));
});
