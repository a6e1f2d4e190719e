import assert from "node:assert/strict";
import { test } from "node:test";
import { quantileInterval } from "../../../../loadtest/analysis/thresholds/intervals.ts";
import { latencyIntervals } from "../../../../loadtest/analysis/slices/latency-intervals.ts";
import { mergeHistograms } from "../../../../loadtest/measurement/histogram.ts";
import { unpackHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { syntheticRun } from "../../../support/synthetic-run.ts";

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
      rows.filter(({ low, high }) => (low ?? 0) <= truth && truth <= (high ?? Infinity)).length / RUNS;
    const bySlices = share(intervals.flatMap((rows) => rows.find(({ metric }) => metric === name)!));
    const byMessages = share(commits.map((data) => quantileInterval(data, q)));
    assert.ok(bySlices >= 0.94, `${name}: ${bySlices} of the intervals from slices hold the truth`);
    assert.ok(byMessages < 0.75, `${name}: ${byMessages} of those from messages do, and these runs prove nothing`);
  }
});

test("they miss the median in at most 8 %, however much seconds hang together and however long the run is", () => {
  for (const [seconds, memory] of [20, 60].flatMap((length) =>
    [0, 0.3, 0.5, 0.8].map((memory) => [length, memory] as const),
  )) {
    let [rows, misses, unknown] = [0, 0, 0];
    for (let noise = 0; noise < 60; noise += 1) {
      // A second's messages have as much in common as each has of its own.
      const mood = 0.1 * Math.sqrt(1 - memory ** 2);
      const { result, slices } = syntheticRun({ noise: 5_000 + noise, shards: 2, seconds, perShard: 60, memory, mood });
      for (const { metric, shard, low, high } of latencyIntervals(result, slices)) {
        if (metric !== "commit.p50" || shard === null) continue;
        rows += 1;
        if (low === null || high === null) unknown += 1;
        else if (low > 20 || high < 20) misses += 1;
      }
    }
    assert.ok(misses / rows <= 0.08, `${seconds} s, memory ${memory}: ${misses} of ${rows} miss`);
    if (seconds === 20 && memory === 0.8) assert.ok(unknown / rows > 0.2, `${unknown} of ${rows} cannot tell`);
    if (memory === 0) assert.ok(unknown / rows < 0.05, `${seconds} s: ${unknown} of ${rows} cannot tell`);
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

test("a p99 that one bad second made is not known, as nobody knows how often such a second comes; the median is", () => {
  const options = { noise: 1, shards: 1, seconds: 60, perShard: 60 };
  const { result, slices } = syntheticRun(options);
  const bad = syntheticRun({ ...options, drift: 10 }).slices;
  const rows = latencyIntervals(
    result,
    slices.map((slice, i) => (slice.second === 20 ? bad[i]! : slice)),
  );
  const of = (name: string) => rows.find(({ metric, shard }) => metric === name && shard === "00");
  assert.deepEqual([of("commit.p99")?.low, of("commit.p99")?.high], [null, null]);
  assert.ok(of("commit.p50")!.low! > 19 && of("commit.p50")!.high! < 21);
});
