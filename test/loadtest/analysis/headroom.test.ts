import assert from "node:assert/strict";
import { test } from "node:test";
import { headroomOf, offeredRates } from "../../../loadtest/analysis/headroom.ts";
import { fitWriter } from "../../../server/placement/writer-fit.ts";
import type { ShardStatus, WriterTotals } from "../../../server/protocol/http.ts";

const none: WriterTotals = { commits: 0, rows: 0, seconds: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 200 };

function totals(commits: readonly { rows: number; seconds: number }[], maxRows = 200): WriterTotals {
  return commits.reduce<WriterTotals>(
    (sum, { rows, seconds }) => ({
      commits: sum.commits + 1,
      rows: sum.rows + rows,
      seconds: sum.seconds + seconds,
      rowsSquared: sum.rowsSquared + rows * rows,
      rowsSeconds: sum.rowsSeconds + rows * seconds,
      maxRows,
    }),
    { ...none, maxRows },
  );
}

const shard = (writer: WriterTotals, shaped: ShardStatus["shaped"] = null): ShardStatus => ({
  label: "00",
  engine: "sqlite",
  durability: null,
  shaped,
  state: "up",
  queueRows: 0,
  writer,
});

const near = (actual: number | null, expected: number): void =>
  assert.ok(actual !== null && Math.abs(actual / expected - 1) < 1e-6, `${actual} is not ${expected}`);

test("the limit follows from the cost of a commit and of a row", () => {
  const commits = Array.from({ length: 100 }, (_, i) => ({
    rows: 1 + (i % 20),
    seconds: 0.002 + 0.00001 * (1 + (i % 20)),
  }));
  const fit = fitWriter(none, shard(totals(commits)), 10);
  near(fit.limitPerS, 200 / (0.002 + 0.00001 * 200));
  near(fit.busy, totals(commits).seconds / 10);
});

test("only what happened in between counts", () => {
  const early = totals(Array.from({ length: 100 }, () => ({ rows: 1, seconds: 9 })));
  const late = Array.from({ length: 100 }, (_, i) => ({ rows: 1 + (i % 9), seconds: 0.004 }));
  const both = totals([...Array.from({ length: 100 }, () => ({ rows: 1, seconds: 9 })), ...late]);
  const fit = fitWriter(early, shard(both), 10);
  assert.ok(Math.abs(fit.limitPerS! / 50_000 - 1) < 1e-3);
});

test("where a run cannot tell, the shape does, else nothing", () => {
  const alike = totals(
    Array.from({ length: 100 }, () => ({ rows: 5, seconds: 0.02 })),
    50,
  );
  assert.equal(fitWriter(none, shard(alike), 10).limitPerS, null);
  near(fitWriter(none, shard(alike, { commitMs: 20, maxRows: 50 }), 10).limitPerS, 2_500);
  const jittery = Array.from({ length: 100 }, (_, i) => ({ rows: 1 + (i % 4), seconds: 0.0204 + 0.0004 * (i % 4) }));
  near(fitWriter(none, shard(totals(jittery, 50), { commitMs: 20, maxRows: 50 }), 10).limitPerS, 50 / 0.021);
  near(fitWriter(none, shard({ ...none, maxRows: 50 }, { commitMs: 20, maxRows: 50 }), 10).limitPerS, 2_500);
  assert.equal(fitWriter(none, shard(none), 10).limitPerS, null);
  const full = totals(
    Array.from({ length: 100 }, () => ({ rows: 50, seconds: 0.025 })),
    50,
  );
  near(fitWriter(none, shard(full, { commitMs: 20, maxRows: 50 }), 10).limitPerS, 2_000);
});

test("offered is what was sent: what had no answer is laid at the saturated shard's door", () => {
  const shards = [
    { acked: 1_000, busy: 0.3 },
    { acked: 3_000, busy: 1 },
  ];
  assert.deepEqual(offeredRates(shards, 1_000, 10), [100, 400]);
  assert.deepEqual(offeredRates([shards[0]!, { acked: 3_000, busy: 0.9 }], 400, 10), [110, 330]);
  assert.deepEqual(
    offeredRates(
      [
        { acked: 0, busy: 0 },
        { acked: 0, busy: 0 },
      ],
      20,
      10,
    ),
    [1, 1],
  );
});

test("the first shard to saturate, today and after the advice", () => {
  const shards = [
    { label: "00", offeredPerS: 150, limitPerS: 1_000 },
    { label: "01", offeredPerS: 0, limitPerS: 10 },
    { label: "02", offeredPerS: 550, limitPerS: 1_000 },
    { label: "03", offeredPerS: 300, limitPerS: null },
  ];
  const headroom = headroomOf(shards, { maxOverMean: 1.2, shards: 4, readFanout: 3 });
  assert.equal(headroom?.shard, "02");
  near(headroom.growthToLimit, 1_000 / 550 - 1);
  near(headroom.afterAdvice, 1_000 / 300 - 1);
  assert.equal(headroom.readFanout, 3);
  const over = headroomOf([{ label: "00", offeredPerS: 1_100, limitPerS: 1_000 }], null);
  assert.ok(over!.growthToLimit < 0, "a shard that is sent more than it can write is beyond its limit");
  assert.equal(over!.afterAdvice, null);
  assert.equal(headroomOf([{ label: "00", offeredPerS: 5, limitPerS: null }], null), null);
});
