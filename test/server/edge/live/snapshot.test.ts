import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketQuantile } from "../../../../server/edge/live/bucket-quantile.ts";
import { createSnapshots } from "../../../../server/edge/live/snapshot.ts";
import { LIVE_COLUMNS } from "../../../../server/protocol/live.ts";
import { fakeSources } from "./fake-sources.ts";

const near = (actual: number | undefined, expected: number): void =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= 1e-6 * expected, `${actual} is not ${expected}`);

test("figures are differences: shares, skew, latency, busy writers and what each can take", () => {
  const sources = fakeSources(4);
  // What was there before somebody looked does not count.
  for (let shard = 0; shard < 4; shard++) sources.commit(shard, 100, 50, 30);
  const snapshots = createSnapshots(sources);
  const first = snapshots.snapshot();
  assert.deepEqual([first.windowS, first.skew, first.column, first.perS], [0, null, {}, 0]);
  let last = first;
  for (let second = 0; second < 10; second++) {
    sources.pass(1);
    for (const shard of [0, 2, 3]) sources.commit(shard, 1, 60, 20);
    // Sizes differ, so that the line seconds = 2 ms + 10 µs a row can be fitted.
    for (let i = 1; i <= 10; i++) sources.commit(1, 1, 9 * i, 2 + 0.09 * i);
    sources.queue(1, 45 * (second + 1));
    last = snapshots.snapshot();
  }
  assert.equal(last.number, 11);
  near(last.windowS, 10);
  const [cool, hot] = last.shards;
  near(cool!.share, 60 / 720);
  near(hot!.share, 540 / 720);
  near(hot!.writtenPerS, 495);
  near(hot!.perS, 540);
  near(last.perS, 720);
  near(last.skew!.maxOverMean, 3);
  near(last.skew!.effectiveShards, 4 / 3);
  assert.deepEqual([last.skew!.fullest, last.skew!.burning], ["01", true]);
  assert.ok(last.skew!.noiseFloor.mean > 1 && last.skew!.noiseFloor.p99 < 1.1);
  near(hot!.busy, (20 + 0.09 * 55) / 1_000);
  assert.ok(hot!.commitMs!.p50 > 2 && hot!.commitMs!.p99 <= 5, JSON.stringify(hot!.commitMs));
  near(hot!.limitPerS!, Math.round(10 * (200 / 0.004)) / 10);
  near(cool!.limitPerS!, 10_000);
  assert.deepEqual(last.column, { "00": 60, "01": 540, "02": 60, "03": 60 });
  assert.equal(last.headroom!.shard, "01");
  near(last.headroom!.growthToLimit, 50_000 / 540 - 1);
  assert.deepEqual(snapshots.start().shards[0], {
    label: "00",
    engine: "sqlite",
    shaped: "commits of at least 20 ms, at most 50 rows each",
  });
});

test("a shard past saturation is as hot as what it is sent, and a queue that drains brings no messages", () => {
  const sources = fakeSources(2);
  const snapshots = createSnapshots(sources);
  snapshots.snapshot();
  sources.pass(1);
  sources.commit(0, 1, 100, 20);
  sources.commit(1, 1, 100, 20);
  sources.queue(1, 200);
  assert.equal(snapshots.snapshot().shards[1]!.share, 0.75);
  sources.pass(20);
  snapshots.snapshot();
  sources.pass(1);
  sources.commit(1, 1, 150, 20);
  sources.queue(1, 50);
  const { skew, perS, shards } = snapshots.snapshot();
  assert.deepEqual([skew, perS, shards[1]!.writtenPerS, shards[1]!.queueRows], [null, 0, 150, 50]);
});

test("what a full queue or a lost shard refuses came for it all the same", () => {
  const sources = fakeSources(2);
  sources.refuse(0, 1_000);
  const snapshots = createSnapshots(sources);
  snapshots.snapshot();
  sources.pass(1);
  sources.commit(0, 1, 100, 20);
  sources.commit(1, 1, 100, 20);
  sources.refuse(1, 700);
  const { column, perS, shards, skew } = snapshots.snapshot();
  assert.deepEqual([perS, shards[1]!.perS, column], [900, 800, { "00": 100, "01": 800 }]);
  assert.deepEqual([shards[1]!.writtenPerS, skew!.fullest, skew!.burning], [100, "01", true]);
});

test("little traffic is not called hot", () => {
  const sources = fakeSources(4);
  const snapshots = createSnapshots(sources);
  snapshots.snapshot();
  sources.pass(1);
  sources.commit(0, 3, 1, 20);
  sources.commit(1, 1, 1, 20);
  const { skew } = snapshots.snapshot();
  assert.deepEqual([skew!.maxOverMean, skew!.burning], [3, false]);
});

test("what nobody saw is a gap of the strip, and the strip is bounded", () => {
  const sources = fakeSources(1);
  const snapshots = createSnapshots(sources);
  for (let second = 0; second < LIVE_COLUMNS + 50; second++) {
    snapshots.snapshot();
    sources.pass(1);
  }
  assert.equal(snapshots.start().columns.length, LIVE_COLUMNS);
  sources.pass(100);
  sources.commit(0, 5, 10, 20);
  const after = snapshots.snapshot();
  assert.deepEqual([after.windowS, after.column, after.skew], [0, {}, null]);
});

test("a shard that leaves and one that comes keep their own figures, and everybody is told anew", () => {
  const sources = fakeSources(3);
  sources.commit(2, 1, 1_000, 20);
  const snapshots = createSnapshots(sources);
  snapshots.snapshot();
  const before = snapshots.version();
  sources.pass(1);
  sources.commit(2, 1, 60, 20);
  sources.leave(1);
  sources.come();
  assert.notEqual(snapshots.version(), before, "as many as before, and others");
  sources.commit(3, 1, 20, 20);
  const { column, shards } = snapshots.snapshot();
  assert.deepEqual(
    shards.map(({ label, perS, role, writtenPerS }) => [label, perS, writtenPerS, role]),
    [
      ["00", 0, 0, "takes"],
      ["02", 60, 60, "takes"],
      ["03", 20, 20, "unused"],
    ],
  );
  assert.deepEqual(column, { "00": 0, "02": 60, "03": 20 });
  sources.change({ do: "placement", placement: "ring" });
  assert.notEqual(snapshots.version(), before);
  assert.equal(snapshots.start().placement, "ring");
});

test("who takes new messages, who is out and for how long, which dialogs have a place of their own", () => {
  const sources = fakeSources(4);
  const snapshots = createSnapshots(sources);
  sources.change({ do: "drain", shard: "01" });
  sources.change({ do: "take-out", shard: "02" });
  sources.out({ label: "02", phase: "lost", since: 5_000, reason: "it did not answer for 2.0 s" });
  sources.change({ do: "split", dialog: "1_2", parts: 2 }, { words: "split 1_2 over 2 shards" });
  sources.pass(12);
  const { changes, hot, shards, writable } = snapshots.snapshot();
  assert.equal(writable, 2);
  assert.deepEqual(
    shards.map(({ out, role }) => [role, out]),
    [
      ["takes", undefined],
      ["drained", undefined],
      ["drained", { phase: "lost", reason: "it did not answer for 2.0 s", s: 12 }],
      ["takes", undefined],
    ],
  );
  assert.deepEqual(hot[0]!.placed?.toSorted(), ["00", "03"]);
  assert.deepEqual([changes.at(-1)!.words, changes.at(-1)!.epoch], ["split 1_2 over 2 shards", 6]);
});

test("what a shard got before it was drained makes the shares of the others no smaller", () => {
  const sources = fakeSources(3);
  const snapshots = createSnapshots(sources);
  snapshots.snapshot();
  sources.pass(1);
  for (const shard of [0, 1, 2]) sources.commit(shard, 1, 50, 20);
  sources.change({ do: "drain", shard: "01" });
  const { shards, skew } = snapshots.snapshot();
  assert.deepEqual(
    shards.map(({ perS, share }) => [perS, share]),
    [
      [50, 0.5],
      [50, 0],
      [50, 0.5],
    ],
  );
  assert.deepEqual([skew!.maxOverMean, skew!.effectiveShards], [1, 2]);
});

test("a shard that has nothing but a pinned dialog is among those that share the messages", () => {
  const sources = fakeSources(2);
  sources.change({ do: "pin", dialog: "1_2", shard: "01", share: 0.5 });
  const snapshots = createSnapshots(sources);
  snapshots.snapshot();
  sources.pass(1);
  for (const shard of [0, 1]) sources.commit(shard, 1, 50, 20);
  const { skew, writable } = snapshots.snapshot();
  assert.deepEqual([writable, skew!.maxOverMean], [2, 1]);
});

test("quantiles are linear inside a bucket, at most the last bound, and nothing of nothing", () => {
  assert.equal(bucketQuantile([1, 2, 4], [0, 10, 10, 0], 0.5), 2);
  assert.equal(bucketQuantile([1, 2, 4], [0, 10, 10, 0], 0.75), 3);
  assert.equal(bucketQuantile([1, 2, 4], [4, 0, 0, 0], 0.25), 0.25);
  assert.equal(bucketQuantile([1, 2, 4], [0, 0, 0, 3], 0.99), 4);
  assert.equal(bucketQuantile([1, 2, 4], [0, 0, 0, 0], 0.5), null);
});
