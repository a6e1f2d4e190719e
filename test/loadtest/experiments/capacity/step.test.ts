import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import { stepOf } from "../../../../loadtest/experiments/capacity/step.ts";
import type { Slice } from "../../../../loadtest/measurement/measurement.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { createHistogram } from "../../../../loadtest/measurement/histogram.ts";
import { packHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const calm = buildResult(runEvidence({ rate: 400, hotShare: 0 }));

type Row = NonNullable<Result["thresholds"]>[number];

function judged(value: number, more: Partial<Row> = {}): Row {
  const status = value < 50 ? "passed" : "failed";
  const row = {
    threshold: "delivery.p99<50ms",
    metric: "delivery.p99",
    op: "<",
    limit: 50,
    unit: "ms",
    message: "words",
  };
  return { ...row, status, value, low: value - 1, high: value + 1, samples: 900, clear: true, ...more } as Row;
}

const invalid = (...codes: string[]): Result["verdict"] => ({
  status: "INVALID",
  reasons: codes.map((code) => ({ code, message: code })),
});

const of = (row: Row) => stepOf(400, { ...calm, thresholds: [row] })!;

test("a run passes or fails by its threshold, and says how far from it, with the error of its own interval", () => {
  const quick = of(judged(25, { low: 24, high: 26 }));
  assert.deepEqual([quick.vote, quick.value], ["pass", 25]);
  assert.ok(Math.abs(quick.distance! + Math.LN2) < 1e-9);
  assert.ok(Math.abs(quick.error - 0.02) < 0.001, "4 % to either side are 1.96 standard errors");
  assert.ok(of(judged(55)).vote === "fail" && of(judged(55)).distance! > 0);
  const oneEnd = of(judged(25, { low: 0, high: 26 }));
  assert.ok(Math.abs(oneEnd.error - 0.02) < 0.001, "an end that nobody knows says nothing of the other");
  assert.equal(of(judged(25, { low: null, high: null })).error, 0);
  const floor = { op: ">" as const, limit: 900, unit: "/s" };
  assert.ok(of(judged(1_000, { ...floor, status: "passed" })).distance! < 0);
  assert.ok(of(judged(800, { ...floor, status: "failed" })).distance! > 0);
  const none = of(judged(0, { op: "==", limit: 0, unit: "", status: "passed" }));
  assert.deepEqual([none.vote, none.distance], ["pass", null]);
});

test("a rate that sheds load, or is beyond what a shard can write for sure, fails however quick the rest is", () => {
  const thresholds = [judged(10)];
  const headroom = { shard: "02", nowPerS: 110, limitPerS: 90, growthToLimit: -0.18, afterAdvice: null, readFanout: 1 };
  const with95 = (low: number, high: number) => ({ ...headroom, growthInterval: { low, high } });
  const beyond = stepOf(400, { ...calm, thresholds, headroom: with95(-0.25, -0.1) })!;
  assert.deepEqual([beyond.vote, beyond.distance], ["fail", null]);
  assert.match(beyond.why, /shard 02 is sent more/u);
  const unsure = stepOf(400, { ...calm, thresholds, headroom: with95(-0.4, 0.1) })!;
  assert.equal(unsure.vote, "pass", "the interval of its limit reaches above what it is sent");
  assert.deepEqual(unsure.forecast, { shard: "02", rate: 400 * 0.82, low: 240, high: 400 * 1.1 });
  assert.equal(stepOf(400, { ...calm, thresholds, headroom })!.vote, "fail", "a file of an early version");
  const refusing = stepOf(400, { ...calm, thresholds, traffic: { ...calm.traffic, refused: 100 } })!;
  assert.deepEqual([refusing.vote, refusing.distance], ["fail", null]);
  const slow = stepOf(400, { ...calm, thresholds: [judged(60)], headroom: with95(-0.25, -0.1) })!;
  assert.ok(slow.vote === "fail" && slow.distance! > 0, "the threshold alone would have failed it");
});

/** Six seconds in which the median of each shard's delivery rises by so many ms a second. */
function rising(msPerS: readonly number[]): Slice[] {
  return msPerS.flatMap((rise, shard) =>
    Array.from({ length: 6 }, (_, i): Slice => {
      const histogram = createHistogram();
      const median = 12 + rise * i + (i % 2);
      for (let n = 0; n < 20; n += 1) histogram.record(median);
      const delivery = packHistogram(histogram.toData());
      return { second: 2 + i, shard: `0${shard}`, acked: 20, deliveryMs: null, delivery };
    }),
  );
}

test("a rate that only passes because the run was short fails: a queue still grew at the end", () => {
  const result = { ...calm, thresholds: [judged(40)] };
  assert.equal(stepOf(400, result, rising([0, 0, 0, 0]))!.vote, "pass");
  const shard = stepOf(400, result, rising([0, 30, 0, 0]))!;
  assert.deepEqual([shard.vote, shard.distance, shard.value], ["fail", null, 40]);
  assert.match(
    shard.why,
    /^the queue of shard 01 still grew at the end \(each second messages waited 30 ms longer, .* does not hold$/u,
  );
  assert.deepEqual([shard.bottleneck.what, shard.bottleneck.shard], ["shard", "01"]);
  const loop = stepOf(400, { ...busy(0.3), thresholds: result.thresholds }, rising([20, 20, 21, 20]))!;
  assert.match(loop.why, /^the event loop's queue still grew at the end /u);
  assert.equal(loop.bottleneck.what, "event loop");
  assert.match(loop.bottleneck.evidence, /on all shards alike/u);
  const writers = stepOf(400, { ...busy(0.97), thresholds: result.thresholds }, rising([20, 20, 21, 20]))!;
  assert.match(writers.why, /^the queues of the shards still grew/u);
});

test("an INVALID run is the generator's, or to be made again", () => {
  const step = stepOf(400, { ...calm, verdict: invalid("SEND_LAG", "COUNTERS_CONTRADICT") })!;
  assert.deepEqual([step.vote, step.value, step.distance, step.forecast], ["generator", null, null, null]);
  assert.equal(stepOf(400, { ...calm, verdict: invalid("CLOCK_JUMPED") }), null);
  for (const code of ["SERVER_GONE", "SHARD_LOST"]) {
    const died = stepOf(400, { ...calm, verdict: invalid(code, "DROPPED") })!;
    assert.deepEqual([died.vote, died.distance], ["fail", null]);
    assert.match(died.why, new RegExp(`^${code}: \\w+ \\w+ did not outlive this rate$`, "u"));
  }
});

const busy = (busiest: number): Result => ({
  ...calm,
  shards: calm.shards.map((shard, i) => ({ ...shard, busy: i === 2 ? busiest : 0.1 })),
});

const named = (result: Result) => {
  const { bottleneck } = stepOf(400, { ...result, thresholds: [judged(60)] })!;
  return [bottleneck.what, bottleneck.shard];
};

test("names what would end it: a busy writer, the generator, else the event loop", () => {
  assert.deepEqual(named(busy(0.97)), ["shard", "02"]);
  assert.deepEqual(named(busy(0.3)), ["event loop", null]);
  assert.deepEqual(named({ ...busy(0.3), verdict: invalid("GENERATOR_CPU") }), ["generator", null]);
});
