import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRuns, DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { failedShareOf } from "../../../../loadtest/experiments/compare/failures.ts";
import { forestPlot } from "../../../../loadtest/report/pictures/forest-plot.ts";
import { compareInterleaved, firstOf } from "../../../../loadtest/experiments/compare/interleave.ts";
import { markdownComparison, htmlComparison, terminalComparison } from "../../../../loadtest/report/reports.ts";
import { comparisonHeadline } from "../../../../loadtest/report/words/comparison.ts";
import { seriesOf } from "../../../../loadtest/analysis/slices/series.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";
import { syntheticRun } from "../../../support/synthetic-run.ts";

interface Failing {
  readonly noise: number;
  /** Messages refused in each second, of 400; in the slices too unless `inSlices` is false. */
  readonly refused: (second: number) => number;
  readonly inSlices?: boolean;
}

const SECONDS = 30;

const RUNS = [1, 2].map((noise) => syntheticRun({ noise, seconds: SECONDS }));

function run({ noise, refused, inSlices = true }: Failing) {
  const { result, slices } = RUNS[noise % 2]!;
  const all = Array.from({ length: SECONDS }, (_, second) => refused(second)).reduce((sum, count) => sum + count, 0);
  const counted = slices.map((slice) =>
    inSlices && slice.shard === "01" ? { ...slice, failed: { OVERLOADED: refused(slice.second) } } : slice,
  );
  const acked = slices.reduce((sum, slice) => sum + slice.acked, 0);
  const traffic = { ...result.traffic, sent: acked + all, refused: all, unknown: 0 };
  const changed = { ...result, traffic };
  return { name: `run ${noise}`, result: changed, series: seriesOf(changed, counted), dialogs: null };
}

const none = () => 0;
const burst = (second: number) => (second >= 10 && second < 14 ? 100 : 0);
const steady = (second: number) => 38 + (second % 5);
const failuresOf = (a: ReturnType<typeof run>, b: ReturnType<typeof run>) => {
  const comparison = compareRuns(a, b, DEFAULT_COMPARE);
  return { comparison, failures: comparison.changes.find(({ metric }) => metric === "failures")! };
};

test("a tenth of the messages refused all along is worse, leads the headline, and stands in every output", () => {
  const [a, b] = [run({ noise: 1, refused: none }), run({ noise: 2, refused: steady })];
  const { comparison, failures } = failuresOf(a, b);
  assert.equal(failures.outcome, "worse");
  assert.ok(Math.abs(failures.change - 0.091) < 0.003 && failures.low > 0.08, JSON.stringify(failures));
  assert.match(comparisonHeadline(comparison), /^The whole is worse: failed 0\.00\s% → 9\.\d\d\s%, \+9\.\d\d\spp \(/u);
  for (const text of [
    terminalComparison(comparison, { columns: 80 }, {}),
    markdownComparison(comparison),
    htmlComparison(comparison),
    forestPlot(comparison)!.draw(800).body,
  ]) {
    assert.match(text.replaceAll(/<[^>]*>/gu, " ").replaceAll(/\s+/gu, " "), /failed[^]*\+9\.\d\d\spp/u);
  }
  assert.equal(failuresOf(b, a).failures.outcome, "better");
  // Of 400/s on four shards, 40/s more are due on one of them: it is hot though it refuses them.
  const skew = comparison.changes.find(({ metric }) => metric === "skew.maxOverMean")!;
  assert.ok(Math.abs(skew.b - 140 / 110) < 0.02 && skew.outcome === "worse", JSON.stringify(skew));
});

test("without failures in the slices the counts alone decide, as of independent messages", () => {
  const counted = { noise: 2, refused: steady, inSlices: false };
  assert.equal(failuresOf(run({ noise: 1, refused: none }), run(counted)).failures.outcome, "worse");
  const few = failuresOf(
    run({ noise: 1, refused: none }),
    run({ ...counted, refused: (second) => (second < 9 ? 1 : 0) }),
  );
  assert.equal(few.failures.outcome, "unclear", "9 of 12,000 more are chance or less than the tolerance");
  const calm = failuresOf(run({ noise: 1, refused: none }), run({ noise: 2, refused: none })).failures;
  assert.equal(calm.outcome, "same");
  assert.ok(calm.high > 0, "none seen does not mean none");
});

test("one burst that the other run did not happen to have is no difference that could be told", () => {
  const { failures } = failuresOf(run({ noise: 1, refused: none }), run({ noise: 2, refused: burst }));
  assert.equal(failures.outcome, "unclear");
  const blind = failuresOf(run({ noise: 1, refused: none }), run({ noise: 2, refused: burst, inSlices: false }));
  assert.equal(blind.failures.outcome, "worse", "what counts alone would say");
});

test("equal runs whose failures come in bursts are told to be different in few comparisons", () => {
  let told = 0;
  for (let pair = 0; pair < 60; pair += 1) {
    const [a, b] = [0, 1].map((side) => {
      const random = createRandom(pair, side);
      let busy = random.uniform() < 0.25;
      const counts = Array.from({ length: SECONDS }, () => {
        busy = random.uniform() < (busy ? 0.75 : 0.08);
        return busy ? 40 : 0;
      });
      return run({ noise: 2 * pair + side, refused: (second) => counts[second]! });
    });
    if (!["same", "unclear"].includes(failuresOf(a!, b!).failures.outcome)) told += 1;
  }
  assert.ok(told <= 3, `${told} of 60`);
});

test("in alternation the rounds show how failures vary; results of later versions count who had no connection", () => {
  const rounds = Array.from({ length: 6 }, (_, round) => ({
    a: run({ noise: 2 * round, refused: none }),
    b: run({ noise: 2 * round + 1, refused: (second) => steady(second + round) }),
    first: firstOf(round),
  }));
  const failures = compareInterleaved(rounds, DEFAULT_COMPARE).changes[0]!;
  assert.deepEqual([failures.metric, failures.outcome], ["failures", "worse"]);
  const calm = rounds.map(({ a, first }) => ({ a, b: a, first }));
  const none6 = compareInterleaved(calm, DEFAULT_COMPARE).changes[0]!;
  assert.deepEqual([none6.outcome, none6.high > 0], ["same", true]);
  const { result, series } = run({ noise: 1, refused: none });
  const traffic = { ...result.traffic, sent: 900, notConnected: 100 };
  assert.equal(failedShareOf({ name: "", series, result: { ...result, traffic } })?.share, 0.1);
});
