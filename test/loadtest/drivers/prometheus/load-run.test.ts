import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { loadRun } from "../../../../dashboards/load-run.ts";
import type { Driver } from "../../../../loadtest/drivers/contract.ts";
import { createK6Driver } from "../../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import type { Measurement } from "../../../../loadtest/measurement/measurement.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../../support/k6.ts";
import {
  askPromQL,
  HISTOGRAMS,
  RECEIVER,
  skipWithoutPrometheus,
  startPrometheus,
} from "../../../support/prometheus.ts";
import { startServer } from "../../../support/server.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const SHARDS = ["00", "01", "02"];
const DIALS = { ...DEFAULT_DIALS, users: 40, rate: 200, durationS: 5, warmupS: 1 };

/** One number of each shard. */
const of = (pick: (label: string) => number) => Object.fromEntries(SHARDS.map((label) => [label, pick(label)]));

/** Two generators drive a server that a Prometheus scrapes too. @returns its address, and what they measured */
async function run(t: TestContext, driver: Driver, runId: string): Promise<[prometheus: string, Measurement]> {
  const server = await startServer({ args: ["--shards", "3"] });
  t.after(() => server.stop());
  const config = `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: ["${ROOT}/prometheus/rules/*.yml"]
scrape_configs: [{ job_name: chat, static_configs: [{ targets: ["${new URL(server.url).host}"] }] }]
`;
  const prometheus = await startPrometheus(t, [RECEIVER, HISTOGRAMS], config);
  const measured = await driver.drive({
    runId,
    scenario: "lady-gaga",
    dials: DIALS,
    url: server.chat,
    secret: DEVELOPMENT_SECRET,
    shards: SHARDS,
    generators: 2,
    prometheus: `${prometheus}/api/v1/write`,
  });
  return [prometheus, measured];
}

const DRIVERS: readonly [Driver, skip: false | string][] = [
  [createNodeDriver(), skipWithoutPrometheus],
  [createK6Driver(), skipWithoutPrometheus || skipWithoutK6],
];

for (const [driver, skip] of DRIVERS) {
  const { name } = driver;
  test(`two generators (${name}) write what they counted and timed, and fill the dashboard`, { skip }, async (t) => {
    const runId = `${name}promr`.padEnd(10, "0");
    const [prometheus, measured] = await run(t, driver, runId);
    assert.deepEqual(
      await askPromQL(prometheus, "sum by (shard) (k6_hotshard_acked_total)"),
      of((label) => measured.shards[label]!.acked),
    );
    for (const trend of ["delivery", "service", "commit"] as const) {
      assert.deepEqual(
        await askPromQL(prometheus, `sum by (shard) (histogram_count(k6_hotshard_${trend}_seconds{phase="measure"}))`),
        of((label) => measured.shards[label]![trend].count),
      );
    }
    const innocent = 'sum by (shard) (histogram_count(k6_hotshard_delivery_seconds{phase="measure", hot="false"}))';
    assert.deepEqual(
      await askPromQL(prometheus, innocent),
      of((label) => measured.shards[label]!.innocent.count),
    );
    const sumOf = 'sum by (shard) (histogram_sum(k6_hotshard_commit_seconds{phase="measure"}))';
    const sums = await askPromQL(prometheus, sumOf);
    for (const label of SHARDS) {
      const ratio = sums[label]! / (measured.shards[label]!.commit.sum / 1000);
      assert.ok(Math.abs(ratio - 1) < 0.01, `${label}: seconds, not milliseconds: ${ratio}`);
    }
    for (const count of ["planned", "sent", "delivered", "offline"] as const) {
      const byGenerator = await askPromQL(prometheus, `k6_hotshard_${count}_total`, "instance_id");
      assert.deepEqual(Object.keys(byGenerator).sort(), [`${runId}-0`, `${runId}-1`]);
      assert.equal(
        Object.values(byGenerator).reduce((sum, part) => sum + part, 0),
        measured[count],
        count,
      );
    }
    const labels = `k6_hotshard_acked_total{testid="${runId}", scenario="lady-gaga", shard="01"}`;
    assert.deepEqual(Object.keys(await askPromQL(prometheus, labels)), ["01"]);
    assert.equal(measured.generator.unwritten, undefined);
    await seesEveryPanel(prometheus);
  });
}

async function seesEveryPanel(prometheus: string): Promise<void> {
  const queries = loadRun.panels.flatMap((panel) => ("queries" in panel ? panel.queries : []).map(([query]) => query));
  assert.ok(queries.length >= 10);
  for (const query of queries) {
    const promQL = query
      .replaceAll(/\$__rate_interval|\$__range/gu, "1m")
      .replaceAll(/\$(?:job|instance|shard)/gu, ".+")
      .replaceAll("$limit", "10");
    let values: number[] = [];
    // A rule is evaluated when it is due, and no sooner.
    for (let tries = 0; values.length === 0 && tries < 100; tries += 1) {
      if (tries > 0) await delay(100);
      values = Object.values(await askPromQL(prometheus, promQL));
    }
    assert.ok(values.length > 0 && values.every((value) => Number.isFinite(value)), `${query}: ${values.join()}`);
  }
}
