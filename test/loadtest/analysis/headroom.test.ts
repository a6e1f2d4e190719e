import assert from "node:assert/strict";
import { test } from "node:test";
import { headroomOf, knownLimit, offeredRates } from "../../../loadtest/analysis/headroom.ts";
import { createRandom } from "../../../loadtest/traffic/random.ts";
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
      secondsSquared: (sum.secondsSquared ?? 0) + seconds * seconds,
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
  const spread = new Map([
    ["00", 0.3],
    ["02", 0.3],
    ["03", 0.3],
    ["04", 0.1],
  ]);
  const headroom = headroomOf(shards, { shares: spread, readFanout: 3 });
  assert.equal(headroom?.shard, "02");
  near(headroom.growthToLimit, 1_000 / 550 - 1);
  near(headroom.afterAdvice, 1_000 / 300 - 1);
  assert.equal(headroom.readFanout, 3);
  const over = headroomOf([{ label: "00", offeredPerS: 1_100, limitPerS: 1_000 }], null);
  assert.ok(over!.growthToLimit < 0, "a shard that is sent more than it can write is beyond its limit");
  assert.equal(over!.afterAdvice, null);
  // The hot shard is quick, the slow one is first: what is split off the one goes to the other too.
  const unlike = [
    { label: "00", offeredPerS: 600, limitPerS: 12_000, limitInterval: { low: 9_000, high: 18_000 } },
    { label: "01", offeredPerS: 100, limitPerS: 1_000, limitInterval: { low: 900, high: 1_100 } },
  ];
  const parted = new Map([
    ["00", 0.6],
    ["01", 0.4],
  ]);
  const slow = headroomOf(unlike, { shares: parted, readFanout: 2 })!;
  assert.equal(slow.shard, "01");
  near(slow.growthInterval.low, 8);
  near(slow.growthInterval.high, 10);
  near(slow.afterAdvice, 1_000 / 280 - 1);
  const unknownFirst = [{ label: "02", offeredPerS: 700, limitPerS: null }, ...unlike];
  assert.equal(headroomOf(unknownFirst, null), null, "the shard that is sent most may be the first");
  assert.equal(headroomOf([{ label: "00", offeredPerS: 5, limitPerS: null }], null), null);
});

/** A writer of 1 ms a commit and 20 µs a row, which scatter as much as exponential ones. */
function written(seed: number, { commits = 1_000, rows = 1 }): WriterTotals {
  const random = createRandom(seed, 5);
  return totals(
    Array.from({ length: commits }, () => {
      const held = 1 + random.below(2 * rows);
      return { rows: held, seconds: (0.001 + 0.00002 * held) * random.exponential() };
    }),
  );
}

test("a limit is known from commits that were many and large enough, with an interval that holds the truth", () => {
  const truth = 200 / (0.001 + 0.00002 * 200);
  let [held, known] = [0, 0];
  for (let seed = 1; seed <= 400; seed += 1) {
    const fit = fitWriter(none, shard(written(seed, { commits: 6_000, rows: 60 })), 20);
    if (knownLimit(fit) !== null) known += 1;
    if (fit.interval!.low <= truth && truth <= fit.interval!.high) held += 1;
  }
  // 95 %; the commits with more rows scatter more, which the line does not know. 1e-6 of a fair binomial of 90 %.
  assert.ok(held > 330, `${held} of 400 hold it`);
  assert.ok(known > 390, `${known} of 400 are known`);
  for (let seed = 1; seed <= 100; seed += 1) {
    const fewRows = fitWriter(none, shard(written(seed, { commits: 300 })), 2);
    assert.ok(fewRows.busy >= 0.1);
    assert.equal(knownLimit(fewRows), null, "commits of one or two rows");
    const idle = fitWriter(none, shard(written(seed, { commits: 6_000, rows: 60 })), 200);
    assert.equal(knownLimit(idle), null, "hardly busy");
  }
  const shaped = fitWriter(none, shard({ ...none, maxRows: 50 }, { commitMs: 20, maxRows: 50 }), 10);
  near(knownLimit(shaped)?.limitPerS ?? null, 2_500);
});
