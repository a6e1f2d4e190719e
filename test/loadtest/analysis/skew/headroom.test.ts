import assert from "node:assert/strict";
import { test } from "node:test";
import { headroomOf, knownLimit } from "../../../../loadtest/analysis/skew/headroom.ts";
import { createRandom, type Random } from "../../../../loadtest/stats/random.ts";
import { fitWriter } from "../../../../server/statistics/writer-fit.ts";
import type { ShardStatus, WriterTotals } from "../../../../server/protocol/http.ts";

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
  assert.ok(Math.abs(slow.growthToLimit / 9 - 1) < 0.01, `${slow.growthToLimit}: the other is far from being first`);
  near(slow.limitPerS, slow.nowPerS * (1 + slow.growthToLimit));
  assert.ok(slow.growthInterval.low > 7.8 && slow.growthInterval.high < 10.4);
  assert.ok(Math.abs((slow.afterAdvice! + 1) / (1_000 / 280) - 1) < 0.01);
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
  // 95 %: fewer than 365 of 400 by chance once in a thousand times. Commits of more rows scatter more, which the error knows.
  assert.ok(held >= 365, `${held} of 400 hold it`);
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

/** Shards of these offers and limits whose limits were measured with this relative error. */
function measured(
  random: Random,
  { offers, limits, error }: { offers: readonly number[]; limits: readonly number[]; error: number },
): Parameters<typeof headroomOf>[0] {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  return limits.map((limit, i) => {
    const [rowS, errorS] = [Math.max(0.1, 1 + error * normal()) / limit, error / limit];
    const limitInterval = { low: 1 / (rowS + 1.96 * errorS), high: 1 / (rowS - 1.96 * errorS) };
    return { label: String(i).padStart(2, "0"), offeredPerS: offers[i]!, limitPerS: 1 / rowS, limitInterval };
  });
}

const each = (n: number, value: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => value(i));

/** What shards may be like. */
const KINDS: Readonly<Record<string, (n: number) => { offers: number[]; limits: number[] }>> = {
  "all alike": (n) => ({ offers: each(n, () => 500), limits: each(n, () => 1_000) }),
  "one slow": (n) => ({ offers: each(n, () => 250), limits: each(n, (i) => (i === 0 ? 500 : 1_000)) }),
  "half of them slow": (n) => ({ offers: each(n, () => 250), limits: each(n, (i) => (i % 2 === 0 ? 500 : 1_000)) }),
  "one hot": (n) => ({ offers: each(n, (i) => (i === 0 ? 800 : 400)), limits: each(n, () => 1_000) }),
  "slow to quick": (n) => ({ offers: each(n, () => 300), limits: each(n, (i) => 600 * (1 + i / n)) }),
};

test("the interval of the growth holds the truth in 95 of 100 runs, and the figure is not too low for being the least", () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const [shards, runs] of [
      [4, 200],
      [16, 120],
      [64, 40],
    ] as const) {
      const random = createRandom(shards, 71);
      const { offers, limits } = make(shards);
      const truth = Math.min(...limits.map((limit, i) => limit / offers[i]!));
      let held = 0;
      let ratio = 0;
      for (let run = 0; run < runs; run += 1) {
        const { growthToLimit, growthInterval } = headroomOf(measured(random, { offers, limits, error: 0.1 }), null)!;
        assert.ok(growthInterval.low <= growthToLimit && growthToLimit <= growthInterval.high);
        if (growthInterval.low + 1 <= truth && truth <= growthInterval.high + 1) held += 1;
        ratio += (growthToLimit + 1) / truth / runs;
      }
      const words = `${kind}, ${shards} shards: held ${held} of ${runs}, ${ratio.toFixed(3)} of the truth`;
      // Below 95 % by chance at most: 1e-3 of a fair binomial. The ends of the least limits held 17 % of 64 shards alike.
      assert.ok(held / runs > 0.95 - 3.1 * Math.sqrt((0.95 * 0.05) / runs), words);
      // The least of the limits themselves is 0.81 of the truth for 64 shards alike, and 0.85 for 16.
      assert.ok(Math.abs(ratio - 1) < 0.06, words);
    }
  }
});

test("an estimate and its interval from commits: the first of sixteen writers", () => {
  const limit = 200 / (0.001 + 0.00002 * 200);
  let held = 0;
  let ratio = 0;
  const runs = 60;
  for (let run = 0; run < runs; run += 1) {
    const shards = Array.from({ length: 16 }, (_, i) => {
      const fit = fitWriter(none, shard(written(1 + 16 * run + i, { commits: 600, rows: 60 })), 2);
      return { label: String(i), offeredPerS: limit / 2, limitPerS: null, ...knownLimit(fit) };
    });
    const headroom = headroomOf(shards, null);
    // A run whose fullest shard has no known limit says nothing.
    if (headroom === null) continue;
    const { growthToLimit, growthInterval } = headroom;
    if (growthInterval.low <= 1 && growthInterval.high >= 1) held += 1;
    ratio += (growthToLimit + 1) / 2 / runs;
  }
  assert.ok(held >= 52, `${held} of ${runs}`);
  assert.ok(Math.abs(ratio - 1) < 0.05, `${ratio}`);
});
