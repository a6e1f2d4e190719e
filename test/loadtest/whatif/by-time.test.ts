import assert from "node:assert/strict";
import { test } from "node:test";
import { createInputFaults } from "../../../loadtest/whatif/input/input-faults.ts";
import { createPairs } from "../../../loadtest/whatif/pairs.ts";
import type { RowBatch } from "../../../loadtest/whatif/input/row-batch.ts";
import type { WhatIf } from "../../../loadtest/analysis/result/what-if.ts";
import { burnsToday } from "../../../loadtest/report/words/what-if.ts";
import { forecastLayouts } from "../../../loadtest/whatif/forecast-layouts.ts";
import { ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import { auditOf, labelsOf, topologyOf, type Writing } from "../../support/placed-run.ts";

const HOUR_S = 3_600;

/** Twenty keys over thirty days, ten messages an hour each. */
const thirtyDays: readonly Writing[] = Array.from({ length: 720 }, (_, hour) =>
  Array.from({ length: 20 }, (__, i) => ({ dialog: `${i + 1}_${i + 51}`, atS: hour * HOUR_S + 9, count: 10 })),
).flat();

async function ask(writings: readonly Writing[], placement: string, timed = true): Promise<WhatIf> {
  async function* rows(): AsyncGenerator<RowBatch> {
    yield {
      keys: writings.map(({ dialog }) => dialog),
      counts: writings.map(({ count = 1 }) => count),
      times: timed ? writings.map(({ atS }) => ID_EPOCH_MS + atS * 1_000) : [],
      lines: writings.map((_, i) => i + 1),
    };
  }
  return forecastLayouts({
    hotshard: "0.0.0",
    name: "trace.csv",
    kind: "counts",
    rows: rows(),
    faults: createInputFaults("trace.csv"),
    today: { placement, shards: 4, assumed: false, overrides: [] },
    placements: [],
    sizes: [4, 16],
    target: 1.25,
    command: "hotshard whatif trace.csv",
    onProgress: () => {},
  });
}

/** What a server that places so would have stored. */
function stored(placement: string, shards: number, writings: readonly Writing[]): number {
  const topology = topologyOf({ fromS: 0, placement, labels: labelsOf(shards) });
  const loads = topology.shards.map(() => 0);
  for (const { shard, count } of auditOf(topology, writings).dialogs) loads[Number(shard)]! += count;
  return maxOverMean(loads);
}

const rowOf = ({ rows }: WhatIf, placement: string, shards = 4): WhatIf["rows"][number] =>
  rows.find((row) => row.placement === placement && row.shards === shards)!;

const near = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);

test("a trace under time-bucket is placed by its pairs of key and bucket, as a server would", async () => {
  const late: Writing = { dialog: "3_53", atS: 5 * HOUR_S, count: 7_000 };
  const writings = [...thirtyDays, late];
  for (const placement of ["time-bucket", "time-bucket:widthS=86400"]) {
    const document = await ask(writings, placement);
    for (const shards of [4, 16]) {
      near(rowOf(document, placement, shards).maxOverMean, stored(placement, shards, writings), 1e-9);
      near(rowOf(document, "time-bucket", shards).maxOverMean, stored("time-bucket", shards, writings), 1e-9);
      near(rowOf(document, "slots", shards).maxOverMean, stored("slots", shards, writings), 1e-9);
    }
    assert.equal(document.today.pairs, placement === "time-bucket" ? 20 * 720 : 20 * 30);
  }
});

test("chance under time-bucket is that of its pairs: real skew is not forgiven, and there is no other advice than for it", async () => {
  const even = await ask(thirtyDays, "time-bucket");
  assert.ok(even.today.noiseFloor.p99 < 1.06, "14,400 pairs and not 20 keys");
  assert.equal(even.advice[0]?.action, "none");
  assert.equal(burnsToday(even), false);
  const burst: Writing = { dialog: "7_57", atS: 100 * HOUR_S + 9, count: 60_000 };
  const hot = await ask([...thirtyDays, burst], "time-bucket");
  assert.ok(hot.today.maxOverMean > 1.8 && burnsToday(hot));
  assert.equal(hot.advice[0]?.action, "split");
  assert.equal(hot.advice[0].dialog, "7_57");
  assert.ok(hot.advice[0].forecast.maxOverMean <= 1.25);
});

test("a key that is heavy at all times does not burn a shard under time-bucket", async () => {
  const heavy = Array.from({ length: 720 }, (_, hour) => ({ dialog: "7_57", atS: hour * HOUR_S + 30, count: 200 }));
  const document = await ask(
    [...thirtyDays, ...heavy].sort((a, b) => a.atS - b.atS),
    "time-bucket",
  );
  assert.ok(document.input.topShare > 0.5);
  near(document.today.maxOverMean, 1, 0.1);
  assert.equal(burnsToday(document), false);
  assert.equal(document.advice[0]?.action, "none");
  assert.equal(document.topDialogs[0]?.shard, "by time");
});

test("counts have no times: time-bucket is asked for one moment", async () => {
  const document = await ask(thirtyDays, "time-bucket", false);
  assert.equal(document.today.pairs, undefined);
  assert.ok(document.today.noiseFloor.p99 > 1.8);
  assert.match(document.topDialogs[0]!.shard, /^0\d$/u);
});

test("pairs beyond what memory should hold are given up, and their hashes are still told", () => {
  const pairs = createPairs(1_000, 3);
  const hashes = [0, 1, 2, 3].map((second) => pairs.add("a", 0, 1, ID_EPOCH_MS + second * 1_000));
  assert.equal(pairs.table(), null);
  assert.equal(new Set(hashes).size, 4);
  const few = createPairs(1_000, 3);
  for (const ms of [-1, 0, 999, 1_000]) few.add("a", 5, 2, ID_EPOCH_MS + ms);
  const seen: number[][] = [];
  few.forEach((...pair) => seen.push(pair));
  assert.deepEqual(seen, [
    [5, -1, 2],
    [5, 0, 4],
    [5, 1, 2],
  ]);
});
