import assert from "node:assert/strict";
import { test } from "node:test";
import { quantileInterval } from "../../loadtest/analysis/intervals.ts";
import { latencyIntervals } from "../../loadtest/slices/latency-intervals.ts";
import { mergeHistograms } from "../../loadtest/traffic/histogram.ts";
import { unpackHistogram } from "../../loadtest/traffic/packed-histogram.ts";
import { syntheticRun } from "../support/synthetic-run.ts";

const RUNS = 120;
/** Of a second's mood, what the next one inherits: a bad moment lasts. */
const MEMORY = 0.8;
/** Of the logarithms of a synthetic run's commits: 0.1 of the message, 0.01 of the second's part that is new. */
const SIGMA = Math.sqrt(0.1 ** 2 + 0.01 ** 2 / (1 - MEMORY ** 2));

test("intervals from time slices hold the truth where seconds resemble their neighbours; those of single messages do not", () => {
  const runs = Array.from({ length: RUNS }, (_, i) =>
    syntheticRun({ noise: 1_000 + i, shards: 1, seconds: 40, perShard: 200, memory: MEMORY }),
  );
  const commits = runs.map(({ slices }) => mergeHistograms(slices.map(({ commit }) => unpackHistogram(commit!))));
  const intervals = runs.map(({ result, slices }) => latencyIntervals(result, slices));
  for (const [name, q, z] of [
    ["commit.p50", 0.5, 0],
    ["commit.p99", 0.99, 2.3263],
  ] as const) {
    const truth = 20 * Math.exp(z * SIGMA);
    const share = (rows: readonly { low: number | null; high: number | null }[]) =>
      rows.filter(({ low, high }) => low! <= truth && truth <= high!).length / RUNS;
    const bySlices = share(intervals.flatMap((rows) => rows.find(({ metric }) => metric === name)!));
    const byMessages = share(commits.map((data) => quantileInterval(data, q)));
    assert.ok(bySlices >= 0.85, `${name}: ${bySlices} of the intervals from slices hold the truth`);
    assert.ok(byMessages < 0.75, `${name}: ${byMessages} of those from messages do, and these runs prove nothing`);
  }
});

test("each shard and all together; none of what rests on few samples, and none of a run of a few seconds", () => {
  const { result, slices } = syntheticRun({ noise: 1, shards: 2, seconds: 20, perShard: 40 });
  const names = new Set(latencyIntervals(result, slices).map(({ metric, shard }) => `${metric} ${shard}`));
  const wanted = ["null", "00", "01"].flatMap((shard) => ["delivery", "commit"].map((name) => `${name}.p50 ${shard}`));
  for (const name of wanted) assert.ok(names.has(name), name);
  assert.ok(!names.has("delivery.p99 00") && names.has("commit.p99 null"), "1,000 samples for a p99");
  const short = syntheticRun({ noise: 1, shards: 2, seconds: 5 });
  assert.deepEqual(latencyIntervals(short.result, short.slices), []);
});
