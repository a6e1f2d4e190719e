import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { causesOfSkew, type Causes } from "../../../../loadtest/analysis/skew/causes.ts";
import { keySpaceShares, sampleKeySpace } from "../../../../loadtest/analysis/skew/key-space.ts";
import { partsOf, type SegmentLayout } from "../../../../loadtest/analysis/skew/segment-parts.ts";
import type { DialogLoad } from "../../../../loadtest/analysis/skew/where-it-lay.ts";
import { maxOverMean } from "../../../../server/statistics/skew.ts";
import { weightClasses } from "../../../../loadtest/analysis/skew/weight-classes.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";
import { compileTopology } from "../../../../server/placement/router.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import { cpuMs } from "../../../support/cpu.ts";

const EVEN = [0.25, 0.25, 0.25, 0.25];

type Load = Pick<DialogLoad, "dialog" | "shard" | "messages">;

const product = ({ chance, popularity, placement, change, hash }: Causes): number =>
  chance.factor * popularity.factor * placement.factor * change.factor * hash.factor;

function observed(dialogs: readonly Load[], shards: number): number {
  const loads = Array.from<number>({ length: shards }).fill(0);
  for (const { shard, messages } of dialogs) loads[shard]! += messages;
  return maxOverMean(loads);
}

/** Many dialogs of a few messages where a perfect hash and these shares put them. */
function crowd(n: number, shares: readonly number[], seed = 1): Load[] {
  const random = createRandom(seed, 0);
  return Array.from({ length: n }, (_, i) => {
    let rest = random.uniform();
    const shard = shares.findIndex((share) => (rest -= share) < 0);
    return { dialog: `${i + 1}_${n + i + 2}`, shard: Math.max(0, shard), messages: 1 + random.below(5) };
  });
}

/** Of a run under one segment. */
function ask(dialogs: Load[], shares: readonly number[], overridden: string[] = [], byNumber = false): Causes {
  const layout: SegmentLayout = {
    shards: shares.map((_, shard) => shard),
    shares,
    places: new Uint16Array(),
    overridden: new Set(overridden),
    bucketMs: 0,
    byNumber,
  };
  const loads = dialogs.map((one): DialogLoad => ({ ...one, segment: 0, bucket: 0 }));
  return causesOfSkew(
    partsOf(loads, () => layout),
    shares.length,
  );
}

const nearOne = (factor: { factor: number; low: number; high: number }): void => {
  assert.ok(Math.abs(factor.factor - 1) < 0.03, `factor ${factor.factor}`);
  assert.ok(factor.low <= 1.005 && factor.high >= 0.995, `interval ${factor.low} … ${factor.high}`);
};

test("the product of the factors is the observed max/mean, whatever was observed", () => {
  const load = fc.record({ shard: fc.nat(3), messages: fc.integer({ min: 1, max: 10_000 }) });
  fc.assert(
    fc.property(fc.array(load, { minLength: 1, maxLength: 60 }), (loads) => {
      const dialogs = loads.map((one, i) => ({ ...one, dialog: `d${i}` }));
      const causes = ask(dialogs, EVEN, ["d0"]);
      assert.ok(Math.abs(product(causes) / observed(dialogs, 4) - 1) < 1e-9);
      for (const { low, high } of Object.values(causes)) assert.ok(low <= high + 1e-12);
      assert.deepEqual(ask(dialogs, EVEN, ["d0"]), causes, "the same input gives the same report");
    }),
    { numRuns: 15 },
  );
});

test("nothing is to blame for an even crowd", () => {
  const causes = ask(crowd(20_000, EVEN), EVEN);
  for (const factor of Object.values(causes)) nearOne(factor);
});

test("a hot dialog is popularity's doing", () => {
  const dialogs = crowd(20_000, EVEN);
  const total = dialogs.reduce((sum, { messages }) => sum + messages, 0);
  dialogs.push({ dialog: "1_2", shard: 2, messages: Math.round((total * 0.4) / 0.6) });
  const causes = ask(dialogs, EVEN);
  assert.ok(Math.abs(product(causes) - 2.2) < 0.05);
  assert.ok(causes.popularity.factor > 2.1 && causes.popularity.low > 2);
  nearOne(causes.chance);
  nearOne(causes.placement);
  nearOne(causes.hash);
});

test("splitting it over distinct shards is the placement's doing", () => {
  const dialogs = crowd(20_000, EVEN);
  const total = dialogs.reduce((sum, { messages }) => sum + messages, 0);
  for (const shard of [0, 1, 2]) dialogs.push({ dialog: "1_2", shard, messages: Math.round((total * 0.4) / 0.6 / 3) });
  const causes = ask(dialogs, EVEN, ["1_2"]);
  assert.ok(Math.abs(product(causes) - 1.133) < 0.03);
  assert.ok(causes.placement.factor < 0.9);
  nearOne(causes.hash);
});

test("a ring of one point a shard is the placement's doing, and its shares are found", () => {
  const labels = ["00", "01", "02", "03"];
  const router = compileTopology(singleSegment({ labels, placement: "ring:virtualNodes=1" }));
  const place = (dialog: string): number => router.place({ dialog, id: 1n, author: 1, client: "" });
  const shares = keySpaceShares(sampleKeySpace(place, 4), EVEN);
  assert.ok(Math.abs(shares.reduce((a, b) => a + b, 0) - 1) < 1e-9);
  const dialogs = crowd(20_000, EVEN).map(({ dialog, messages }) => ({ dialog, messages, shard: place(dialog) }));
  const causes = ask(dialogs, shares);
  assert.ok(causes.placement.factor > 1.3, `placement ${causes.placement.factor}`);
  nearOne(causes.popularity);
  nearOne(causes.hash);
});

test("an even placement comes out as good as even, a hash that ignores its shares is blamed", () => {
  const labels = Array.from({ length: 64 }, (_, i) => String(i).padStart(2, "0"));
  const router = compileTopology(singleSegment({ labels, placement: "slots" }));
  const even = labels.map(() => 1 / 64);
  const place = (dialog: string) => router.place({ dialog, id: 1n, author: 1, client: "" });
  const shares = keySpaceShares(sampleKeySpace(place, 64), even);
  assert.ok(Math.max(...shares) * 64 < 1.02, `${Math.max(...shares) * 64}`);
  const causes = ask(crowd(20_000, [0.4, 0.2, 0.2, 0.2]), EVEN);
  assert.ok(causes.hash.low > 1.4);
});

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

test("classes keep the number, the total and the sum of squares of the weights", () => {
  const random = createRandom(9, 0);
  const weights = Array.from({ length: 50_000 }, () => Math.ceil(random.exponential() ** 3 * 10));
  const classes = weightClasses(weights);
  const total = sum(classes.map(({ weight, dialogs }) => weight * dialogs));
  const squares = sum(classes.map(({ weight, dialogs }) => weight ** 2 * dialogs));
  assert.ok(classes.length < 400);
  assert.ok(Math.abs(total / sum(weights) - 1) < 1e-9);
  assert.ok(Math.abs(squares / sum(weights.map((weight) => weight ** 2)) - 1) < 0.001);
});

test("a hundred thousand dialogs take bounded time", () => {
  const dialogs = crowd(100_000, Array.from<number>({ length: 64 }).fill(1 / 64));
  const start = cpuMs();
  ask(dialogs, Array.from<number>({ length: 64 }).fill(1 / 64));
  const took = cpuMs() - start;
  assert.ok(took < 20_000, `${took} ms`);
});

test("nothing stored, and a single shard", () => {
  assert.equal(product(ask([], EVEN)), 1);
  assert.equal(product(ask([{ dialog: "1_2", shard: 0, messages: 9 }], [1])), 1);
});
