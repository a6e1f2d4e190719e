import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { earlyStop, isLost, type Outlook } from "../../../../loadtest/analysis/thresholds/early-stop.ts";
import { holds, parseThresholds, type Threshold } from "../../../../loadtest/analysis/thresholds/threshold.ts";
import { createHistogram, mergeHistograms, quantileOf } from "../../../../loadtest/measurement/histogram.ts";
import type { HistogramData } from "../../../../loadtest/measurement/histogram.ts";
import type { Measurement } from "../../../../loadtest/measurement/measurement.ts";
import { unpackHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { syntheticRun } from "../../../support/synthetic-run.ts";
import { goodMeasurement, shardOf } from "../measurement.ts";

const one = (text: string): Threshold => parseThresholds([text])[0]!;

function histogram(values: readonly number[]): HistogramData {
  const made = createHistogram();
  for (const value of values) made.record(value);
  return made.toData();
}

/** A run on one shard whose deliveries took so long, and of which `all` messages may come. */
function soFar(deliveries: readonly number[], changes: Partial<Measurement> = {}): Measurement {
  return goodMeasurement({ shards: { "00": { ...shardOf(0), delivery: histogram(deliveries) } }, ...changes });
}

const outlookOf = (all: number): Outlook => ({ dials: DEFAULT_DIALS, measured: all, all, looks: 10 });

const ms = fc.double({ min: 0.1, max: 100, noNaN: true });
const threshold = fc
  .tuple(fc.constantFrom("p50", "p95", "p99", "max"), fc.constantFrom("<", "<=", ">", ">="), ms)
  .map(([quantile, op, limit]) => one(`delivery.${quantile}${op}${limit.toFixed(2)}ms`));

test("what is lost for good no rest of the run can mend, and what is not lost some rest keeps", () => {
  fc.assert(
    fc.property(
      threshold,
      fc.array(ms, { minLength: 1, maxLength: 60 }),
      fc.array(ms, { maxLength: 80 }),
      fc.nat({ max: 80 }),
      (given, seen, rest, more) => {
        const all = seen.length + Math.max(rest.length, more);
        const lost = isLost(given, soFar(seen), outlookOf(all));
        const q = { p50: 0.5, p95: 0.95, p99: 0.99, max: 1 }[given.metric.split(".")[1] as "p50"];
        const ends = (values: readonly number[]) =>
          quantileOf(mergeHistograms([histogram(seen), histogram(values)]), q);
        if (lost) assert.ok(!holds(ends(rest), given), "whatever comes, and however much of it");
        if (lost) assert.ok(!holds(ends([]), given), "also when the run ends here");
        const best = Array.from({ length: all - seen.length }, () => (given.op.startsWith("<") ? 1e-6 : 1e6));
        if (!lost && given.op.startsWith("<")) assert.ok(holds(ends(best), given), "the best that may come keeps it");
        if (!lost && q < 1) assert.ok(holds(ends(best), given));
      },
    ),
    { numRuns: 600 },
  );
});

/** Threshold, what was seen, and whether 1,000 messages can still mend it. */
const LOST: readonly (readonly [string, Partial<Measurement>, boolean])[] = [
  ["errors<1%", { refused: 10 }, true],
  ["errors<1%", { refused: 5, unknown: 4 }, false],
  ["errors<1%", { refused: 4, unknown: 3, notConnected: 3 }, true],
  ["errors>1%", {}, false],
  ["traffic.notConnected==0", { notConnected: 1 }, true],
  ["traffic.notConnected==0", {}, false],
  ["traffic.notConnected==2", { notConnected: 1 }, false],
  ["traffic.notConnected==2", { notConnected: 3 }, true],
  ["generator.dropped<5", { late: 3, notConnected: 2 }, true],
  ["generator.dropped<5", { late: 3, notConnected: 1 }, false],
  // What only the end tells.
  ["audit.lost==0", { duplicated: 9 }, false],
  ["skew.maxOverMean<1.01", {}, false],
  ["traffic.rate>1e9/s", {}, false],
];

test("failures and counts are lost as soon as they are, and what only the end tells never before", () => {
  for (const [text, changes, expected] of LOST) {
    assert.equal(isLost(one(text), soFar([5], changes), outlookOf(1_000)), expected, text);
  }
});

test("of a run whose length nobody knows, no share of its messages is ever lost, and a maximum is", () => {
  const slow = soFar(Array.from({ length: 500 }, () => 90));
  for (const [text, expected] of [
    ["delivery.p50<10ms", false],
    ["errors<1%", false],
    ["delivery.max<10ms", true],
  ] as const) {
    assert.equal(isLost(one(text), { ...slow, refused: 400 }, outlookOf(Infinity)), expected, text);
  }
});

test("a shard that was not heard of loses nothing, and one shard is judged by itself", () => {
  const shards = { "00": { ...shardOf(0), delivery: histogram([90, 90, 90]) } };
  const measurement = goodMeasurement({ shards });
  assert.equal(isLost(one("shard.00.delivery.p50<10ms"), measurement, outlookOf(5)), true);
  assert.equal(isLost(one("shard.01.delivery.p50<10ms"), measurement, outlookOf(5)), false);
});

/** A run until now, with its slices, whose commits take about 20 ms. */
function running(noise: number, seconds: number, mood?: number): { measurement: Measurement; elapsedS: number } {
  const { result, slices } = syntheticRun({ noise, seconds, ...(mood !== undefined && { mood }) });
  const rows = result.shards.map(({ label }) => {
    const own = slices.filter(({ shard }) => shard === label);
    const commit = mergeHistograms(own.map((slice) => unpackHistogram(slice.commit!)));
    const delivery = mergeHistograms(own.map((slice) => unpackHistogram(slice.delivery!)));
    return [label, { ...shardOf(0), commit, delivery }] as const;
  });
  const warmupS = Number(result.run.dials["warmupS"] ?? 0);
  return { measurement: goodMeasurement({ shards: Object.fromEntries(rows), slices }), elapsedS: warmupS + seconds };
}

const steady: Outlook = {
  dials: { ...DEFAULT_DIALS, warmupS: 2, durationS: 300 },
  measured: Infinity,
  all: Infinity,
  looks: 10,
};

test("known well enough: all intervals are clear of their limits, on whichever side; a near one is not", () => {
  const { measurement, elapsedS } = running(1, 30);
  const stopAt = (...texts: string[]) =>
    earlyStop("known", parseThresholds(texts), measurement, steady, elapsedS)?.why ?? null;
  assert.equal(stopAt("commit.p50<40ms"), "known");
  assert.equal(stopAt("commit.p50<10ms"), "known", "missed for certain");
  assert.equal(stopAt("commit.p50<20ms"), null);
  assert.equal(stopAt("commit.p50<40ms", "commit.p50<20ms"), null, "all of them");
  assert.equal(stopAt("commit.p50<40ms", "shard.00.commit.p50<40ms", "errors<50%"), "known");
  assert.equal(stopAt("commit.p999<400ms"), null, "what has no interval from the run's own seconds");
  assert.equal(stopAt("audit.lost==0"), null, "what only the end tells");
  assert.equal(earlyStop("lost", [one("commit.p50<10ms")], measurement, steady, elapsedS), null);
  const failed = { ...measurement, refused: 1 };
  assert.equal(earlyStop("known", [one("commit.p50<40ms")], failed, steady, elapsedS), null, "failures never came");
  const early = running(1, 5);
  assert.equal(earlyStop("known", [one("commit.p50<40ms")], early.measurement, steady, early.elapsedS), null);
});

test("a threshold at the true value is called known in few of many runs that are looked at ten times", () => {
  // The median of the durations, exp(0.1 · a normal variate) × 20 ms, is 20 ms.
  const limit = one("commit.p50<20ms");
  let wrong = 0;
  for (let noise = 1; noise <= 40; noise += 1) {
    const isWrong = [10, 16, 22, 28].some((seconds) => {
      const { measurement, elapsedS } = running(noise, seconds);
      return earlyStop("known", [limit], measurement, steady, elapsedS) !== null;
    });
    if (isWrong) wrong += 1;
  }
  assert.ok(wrong <= 5, `${wrong} of 40`);
});
