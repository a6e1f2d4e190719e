import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Registry } from "prom-client";
import { SECONDS_BUCKETS, weightedHistogram } from "../../../server/observability/weighted-histogram.ts";

const NAME = "test_duration_seconds";
const HELP = "What it measures";
const SERIES = [{ stage: "a" }, { stage: "b" }];

function ours() {
  const registry = new Registry();
  const series = weightedHistogram(registry, { name: NAME, help: HELP, buckets: SECONDS_BUCKETS, series: SERIES });
  return { registry, series };
}

/** prom-client's own histogram over the same observations. */
async function theirs(observations: readonly [series: number, value: number][]): Promise<string> {
  const registry = new Registry();
  const histogram = new Histogram({
    name: NAME,
    help: HELP,
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
  const { registry, series } = ours();
  assert.equal(await registry.metrics(), await theirs([]));
  const observations = VALUES.map((value, index): [number, number] => [index % 2, value]);
  for (const [index, value] of observations) series[index]!.observe(value);
  assert.equal(await registry.metrics(), await theirs(observations));
});

test("a weight is as many observations", async () => {
  const { registry, series } = ours();
  series[0]!.observe(0.25, 4);
  series[1]!.observe(0.5, 0);
  assert.equal(
    await registry.metrics(),
    await theirs([
      [0, 0.25],
      [0, 0.25],
      [0, 0.25],
      [0, 0.25],
    ]),
  );
  registry.resetMetrics();
  assert.equal(await registry.metrics(), await theirs([]));
});
