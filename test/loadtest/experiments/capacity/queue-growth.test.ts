import assert from "node:assert/strict";
import { test } from "node:test";
import { queueGrowth } from "../../../../loadtest/experiments/capacity/queue-growth.ts";
import type { Slice } from "../../../../loadtest/measurement/measurement.ts";
import { createHistogram } from "../../../../loadtest/measurement/histogram.ts";
import { packHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";

const WARMUP_S = 2;

interface Queue {
  /** Messages per second that come. */
  readonly rate: number;
  /** That one server takes, one after the other; by the second. */
  readonly served: (second: number) => number;
}

/** Slices as a generator keeps them, by the second of the receipt, of queues behind each of which one server works. */
function slicesOf(queues: readonly Queue[], durationS: number, seed: number): Slice[] {
  return queues.flatMap(({ rate, served }, index) => {
    const random = createRandom(seed, index);
    const bySecond = new Map<number, ReturnType<typeof createHistogram>>();
    let [at, free] = [0, 0];
    while ((at += random.exponential() / rate) < WARMUP_S + durationS) {
      free = Math.max(at, free) + 1 / served(at);
      // Commits that take 20 ms each, whatever the load is.
      const received = free + 0.01 + 0.02 * random.uniform();
      const second = Math.floor(received);
      if (!bySecond.has(second)) bySecond.set(second, createHistogram());
      bySecond.get(second)!.record((received - at) * 1_000);
    }
    return [...bySecond].map(([second, histogram]) => ({
      second,
      shard: `0${index}`,
      acked: histogram.count,
      deliveryMs: null,
      delivery: packHistogram(histogram.toData()),
    }));
  });
}

function growthOf(queues: readonly Queue[], { durationS = 10, seed = 1 } = {}) {
  const shards = queues.map((_, index) => ({ label: `0${index}` }));
  const run = { durationS, dials: { warmupS: WARMUP_S } };
  const result = { run, shards } as unknown as Parameters<typeof queueGrowth>[0];
  return queueGrowth(result, slicesOf(queues, durationS, seed));
}

const steady = (rate: number, load: number): Queue => ({ rate, served: () => rate / load });

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed + 1);
const shareOf = (found: (seed: number) => boolean) => SEEDS.filter(found).length / SEEDS.length;

test("a queue that is sent more than it takes grows, by what is too much of each second", () => {
  const growth = growthOf([steady(2_000, 1.1), steady(2_000, 0.5)])!;
  assert.equal(growth.shard, "00");
  // Of a second's messages 1 − 1 ÷ 1.1 are left over.
  assert.ok(growth.low < 91 && 91 < growth.high && growth.low > 0, JSON.stringify(growth));
  assert.ok(shareOf((seed) => growthOf([steady(1_000, 1.1), steady(1_000, 0.5)], { seed }) !== null) > 0.9);
});

test("where all shards wait alike it is a queue that they share", () => {
  const shared = growthOf([steady(1_000, 1.2), steady(1_000, 1.2), steady(1_000, 1.2)])!;
  assert.equal(shared.shard, null);
  assert.equal(growthOf([steady(2_000, 1.2)])!.shard, null);
});

test("queues that hold are told to grow in fewer than one of 20 runs, also where they are nearly full", () => {
  for (const load of [0.5, 0.9, 0.97]) {
    const alarms = shareOf((seed) => growthOf([steady(1_000, load), steady(1_000, load)], { seed }) !== null);
    assert.ok(alarms <= 0.05, `${alarms} at ${load}`);
  }
});

/** Slices of one shard with exactly these medians, one a second. */
const withMedians = (medians: readonly number[]): Slice[] =>
  medians.map((median, i) => {
    const histogram = createHistogram();
    for (let n = 0; n < 10; n += 1) histogram.record(median);
    const delivery = packHistogram(histogram.toData());
    return { second: WARMUP_S + i, shard: "00", acked: 10, deliveryMs: null, delivery };
  });

test("a stall, and a queue that filled and holds since, do not grow at the end", () => {
  const result = { run: { durationS: 10, dials: { warmupS: WARMUP_S } }, shards: [{ label: "00" }] };
  const told = (medians: readonly number[]) =>
    queueGrowth(result as unknown as Parameters<typeof queueGrowth>[0], withMedians(medians)) !== null;
  const rises = [12, 110, 215, 310, 415, 510];
  assert.equal(told([...rises, 610, 715, 810, 915]), true);
  assert.equal(told([...rises, 505, 512, 508, 510]), false, "it holds");
  assert.equal(told([12, 13, 12, 12, 13, 12, 12, 13, 12, 900]), false, "a stall in the last second");
  assert.equal(told([12, 13, 12, 700, 900, 400, 12, 13, 12, 12]), false, "it came and went");
  assert.equal(told([12, 13, 14, 15, 16, 17, 18, 19, 20, 21]), false, "1 ms a second");
});

test("a run of few seconds tells no trend, and one without slices nothing", () => {
  assert.equal(growthOf([steady(2_000, 1.2)], { durationS: 4 }), null);
  const nothing = { run: { durationS: 10, dials: {} }, shards: [{ label: "00" }] };
  assert.equal(queueGrowth(nothing as unknown as Parameters<typeof queueGrowth>[0], []), null);
});
