import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { pinWeights, splitPart, splitShards } from "../../../server/placement/overrides.ts";

const LABELS = Array.from({ length: 8 }, (_, i) => `0${i}`);

test("the parts of a split lie on distinct shards, and a wider split keeps those of a narrower one", () => {
  const dialog = fc.tuple(fc.integer({ min: 1 }), fc.integer({ min: 1 })).map(([a, b]) => `${a}_${b}`);
  fc.assert(
    fc.property(dialog, fc.integer({ min: 1, max: 8 }), (dialog, k) => {
      const shards = splitShards(dialog, LABELS, k);
      assert.equal(new Set(shards).size, k);
      assert.deepEqual(splitShards(dialog, LABELS.toReversed(), 8).slice(0, k), shards);
    }),
  );
  const firsts = new Set(Array.from({ length: 200 }, (_, i) => splitShards(`1_${i + 2}`, LABELS, 1)[0]));
  assert.equal(firsts.size, 8);
});

test("messages spread evenly over the parts, by author and by client id, and a retry finds its own", () => {
  const messages = 20_000;
  for (const part of [
    (i: number, k: number) => splitPart(42, `run-${i}`, k),
    (i: number, k: number) => splitPart(i + 1, "run-1", k),
    (i: number, k: number) => splitPart((i + 1) * 2 ** 32, "run-1", k),
  ]) {
    for (const k of [1, 2, 3, 8]) {
      const counts = Array.from({ length: k }, () => 0);
      for (let i = 0; i < messages; i++) counts[part(i, k)]! += 1;
      // Five standard deviations of the binomial distribution: passed by chance with a probability below 1e-6.
      const bound = 5 * Math.sqrt((messages / k) * (1 - 1 / k));
      assert.ok(
        counts.every((count) => Math.abs(count - messages / k) <= bound),
        `${k} parts: ${counts.join()}`,
      );
    }
  }
  assert.equal(splitPart(7, "run-9", 5), splitPart(7, "run-9", 5));
});

test("weights around a pin make max/mean max(1, N·p)", () => {
  for (const share of [0, 0.01, 0.1, 0.12, 0.125, 0.3, 0.99]) {
    const weights = pinWeights(LABELS, "02", share);
    const total = weights.reduce((sum, { weight }) => sum + weight, 0);
    const load = LABELS.map((label) => {
      const weight = weights.find((shard) => shard.label === label)?.weight ?? 0;
      return ((1 - share) * weight) / total + (label === "02" ? share : 0);
    });
    assert.ok(Math.abs(Math.max(...load) * 8 - Math.max(1, 8 * share)) < 1e-9, `p = ${share}: ${load.join()}`);
    assert.ok(weights.every(({ weight }) => weight > 0));
  }
  assert.deepEqual(pinWeights(["00"], "00", 1), [{ label: "00", weight: 1 }]);
});
