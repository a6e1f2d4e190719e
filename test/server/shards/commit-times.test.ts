import assert from "node:assert/strict";
import { test } from "node:test";
import { createCommitTimes } from "../../../server/shards/commit-times.ts";

test("the 99th percentile of each shard's commits of the last five seconds", () => {
  let now = 0;
  const times = createCommitTimes(() => now);
  assert.equal(times.p99Ms("00"), null);
  for (let i = 1; i <= 100; i++) times.add("00", i / 1_000);
  assert.equal(times.p99Ms("00"), 99);
  assert.equal(times.p99Ms("01"), null, "another shard has its own");
  now = 5_000;
  assert.equal(times.p99Ms("00"), 99);
  for (let i = 0; i < 19; i++) times.add("00", 0.007);
  now = 5_001;
  assert.equal(times.p99Ms("00"), null, "nineteen are too few");
  times.add("00", 0.007);
  assert.equal(times.p99Ms("00"), 7, "what is older does not count");
});

test("of many commits the last two thousand count", () => {
  const times = createCommitTimes(() => 0);
  for (let i = 0; i < 10_000; i++) times.add("00", 1);
  for (let i = 0; i < 2_000; i++) times.add("00", 0.002);
  assert.equal(times.p99Ms("00"), 2);
});
