import assert from "node:assert/strict";
import { test } from "node:test";
import { hashText, leading53 } from "../../../server/placement/hash.ts";
import { ring } from "../../../server/placement/ring.ts";

const KEYS = Array.from({ length: 4_000 }, (_, i) => `${i + 1}_${i + 10_000}`);

/** max/mean of four shards on the layout number `seed`. */
function maxOverMean(seed: number, virtualNodes: number): number {
  const labels = [0, 1, 2, 3].map((i) => String(seed * 4 + i).padStart(5, "0"));
  const placement = ring(
    labels.map((label) => ({ label, weight: 1 })),
    { virtualNodes: String(virtualNodes) },
  );
  const counts = [0, 0, 0, 0];
  for (const key of KEYS) counts[placement.place(key, 0n)]! += 1;
  return Math.max(...counts) / (KEYS.length / 4);
}

test("with one point a shard, four shards have a max/mean of H4 = 2.08 on average over layouts", () => {
  // The largest of four spacings of a circle has the mean H4 / 4; the standard deviation over layouts is about 0.5.
  const layouts = 300;
  const mean = average(layouts, 1);
  const expected = 1 + 1 / 2 + 1 / 3 + 1 / 4;
  assert.ok(Math.abs(mean - expected) < (5 * 0.5) / Math.sqrt(layouts), `${mean}`);
});

test("more points are more even", () => {
  const [one, twenty, many] = [average(12, 1), average(12, 20), average(12, 160)];
  assert.ok(one > twenty && twenty > many && many < 1.15, `${one} ${twenty} ${many}`);
});

function average(layouts: number, virtualNodes: number): number {
  let sum = 0;
  for (let seed = 0; seed < layouts; seed++) sum += maxOverMean(seed, virtualNodes);
  return sum / layouts;
}

test("a dialog belongs to the next point at or after its hash, beyond the last to the first", () => {
  const shards = ["00", "01", "02"].map((label) => ({ label, weight: 1 }));
  const points = shards
    .flatMap(({ label }, shard) => [0, 1].map((i) => ({ shard, at: position(`${label}#${i}`) })))
    .sort((a, b) => a.at - b.at);
  const placement = ring(shards, { virtualNodes: "2" });
  for (const key of [...KEYS, "00#0", "02#1"]) {
    const next = points.find(({ at }) => at >= position(key)) ?? points[0];
    assert.equal(placement.place(key, 0n), next?.shard);
  }
  assert.ok(KEYS.some((key) => position(key) > points.at(-1)!.at));
});

function position(text: string): number {
  const words = new Uint32Array(4);
  hashText(text, 0, words);
  return leading53(words[0]!, words[1]!);
}
