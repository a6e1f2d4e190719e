import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Registry } from "prom-client";
import { createExposition } from "../../../server/observability/exposition.ts";
import { METRICS } from "../../../server/observability/metric-names.ts";
import { SECONDS_BUCKETS, weightedHistogram } from "../../../server/observability/weighted-histogram.ts";

const NAME = "chat_stage_duration_seconds";
const SERIES = [{ stage: "a" }, { stage: "b" }];

function ours() {
  const exposition = createExposition();
  const series = weightedHistogram(exposition, NAME, { buckets: SECONDS_BUCKETS, series: SERIES });
  return { exposition, series };
}

/** prom-client's own histogram over the same observations. */
async function theirs(observations: readonly [series: number, value: number][]): Promise<string> {
  const registry = new Registry();
  const histogram = new Histogram({
    name: NAME,
    help: METRICS[NAME].help,
    labelNames: ["stage"],
    buckets: [...SECONDS_BUCKETS],
    registers: [registry],
  });
  for (const labels of SERIES) histogram.zero(labels);
  for (const [series, value] of observations) histogram.observe(SERIES[series]!, value);
  return registry.metrics();
}

/** Below, on and above every bound. */
const VALUES = [0, ...SECONDS_BUCKETS.flatMap((bound) => [bound / 2, bound, bound * 1.5]), 1_000];

test("with weight 1 the page is that of prom-client's histogram, to the letter", async () => {
  const { exposition, series } = ours();
  assert.equal(await exposition.page("text"), await theirs([]));
  const observations = VALUES.map((value, index): [number, number] => [index % 2, value]);
  for (const [index, value] of observations) series[index]!.observe(value);
  assert.equal(await exposition.page("text"), await theirs(observations));
});

test("a weight is as many observations", async () => {
  const { exposition, series } = ours();
  series[0]!.observe(0.25, 4);
  series[1]!.observe(0.5, 0);
  assert.equal(
    await exposition.page("text"),
    await theirs([
      [0, 0.25],
      [0, 0.25],
      [0, 0.25],
      [0, 0.25],
    ]),
  );
});

test("the last exemplar of a bucket is on the OpenMetrics page, on its bucket only, and never on the other page", async () => {
  const { exposition, series } = ours();
  series[0]!.observe(0.003, 2, { dialog: "1_2", message: "7" });
  series[0]!.observe(0.004, 1, { dialog: "1_3", message: "8" });
  series[0]!.observe(0.3);
  const page = await exposition.page("openmetrics with dialogs");
  const marked = page.split("\n").filter((line) => line.includes(" # "));
  assert.equal(marked.length, 1);
  const form =
    /^chat_stage_duration_seconds_bucket\{le="0.005",stage="a"\} 3 # \{dialog="1_3",message="8"\} 0.004 (\d+\.?\d*)$/;
  const time = form.exec(marked[0]!)?.[1];
  assert.ok(Math.abs(Number(time) - Date.now() / 1_000) < 60, String(marked));
  assert.ok(page.endsWith("# EOF\n"));
  assert.doesNotMatch(await exposition.page("text"), / # |# EOF/);
});

test("bounds that are not shown are counted in the next that is, with the newest exemplar", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const exposition = createExposition();
  const options = { buckets: SECONDS_BUCKETS, shown: () => [0.005, 0.5], series: [{ stage: "a" }] };
  const [series] = weightedHistogram(exposition, NAME, options);
  series!.observe(0.0004, 1, { message: "old" });
  t.mock.timers.tick(1_000);
  series!.observe(0.004, 2);
  series!.observe(0.1, 4, { message: "new" });
  t.mock.timers.tick(1_000);
  series!.observe(0.03, 8, { message: "newest" });
  series!.observe(7, 16);
  const lines = (await exposition.page("openmetrics")).split("\n").filter((line) => line.startsWith(NAME));
  assert.deepEqual(lines, [
    `${NAME}_bucket{le="0.005",stage="a"} 3 # {message="old"} 0.0004 1000`,
    `${NAME}_bucket{le="0.5",stage="a"} 15 # {message="newest"} 0.03 1002`,
    `${NAME}_bucket{le="+Inf",stage="a"} 31`,
    `${NAME}_sum{stage="a"} ${0.0004 + 2 * 0.004 + 4 * 0.1 + 8 * 0.03 + 16 * 7}`,
    `${NAME}_count{stage="a"} 31`,
  ]);
  assert.equal(series!.counts.length, SECONDS_BUCKETS.length + 1, "who reads the counts has all");
});
