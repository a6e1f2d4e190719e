import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import { stepOf } from "../../../loadtest/capacity/step.ts";
import type { Result } from "../../../loadtest/report/result.ts";
import { runEvidence } from "../../support/run-evidence.ts";

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

const of = (row: Row) => {
  const { vote, clear } = stepOf(400, { ...calm, thresholds: [row] })!;
  return [vote, clear];
};

test("a run passes or fails by its threshold, and needs no second one when it is far from it", () => {
  assert.deepEqual(of(judged(10)), ["pass", true]);
  assert.deepEqual(of(judged(45)), ["pass", false]);
  assert.deepEqual(of(judged(55)), ["fail", false]);
  assert.deepEqual(of(judged(200)), ["fail", true]);
  assert.deepEqual(of(judged(10, { clear: false })), ["pass", false]);
});

test("a rate that grows a queue or sheds load fails however quick the rest is", () => {
  const thresholds = [judged(10)];
  const headroom = { shard: "02", nowPerS: 110, limitPerS: 90, growthToLimit: -0.18, afterAdvice: null, readFanout: 1 };
  const growing = stepOf(400, { ...calm, thresholds, headroom })!;
  assert.deepEqual([growing.vote, growing.clear], ["fail", true]);
  assert.match(growing.why, /shard 02 is sent more/u);
  const refusing = stepOf(400, { ...calm, thresholds, traffic: { ...calm.traffic, refused: 100 } })!;
  assert.deepEqual([refusing.vote, refusing.clear], ["fail", true]);
});

test("an INVALID run is the generator's, or to be made again", () => {
  const step = stepOf(400, { ...calm, verdict: invalid("SEND_LAG", "COUNTERS_CONTRADICT") })!;
  assert.deepEqual([step.vote, step.value, step.forecast], ["generator", null, null]);
  assert.equal(stepOf(400, { ...calm, verdict: invalid("CLOCK_JUMPED") }), null);
  for (const code of ["SERVER_GONE", "SHARD_LOST"]) {
    const died = stepOf(400, { ...calm, verdict: invalid(code, "DROPPED") })!;
    assert.deepEqual([died.vote, died.clear], ["fail", true]);
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
