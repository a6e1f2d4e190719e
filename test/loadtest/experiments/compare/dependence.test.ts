import assert from "node:assert/strict";
import { test } from "node:test";
import type { ComparedRun } from "../../../../loadtest/experiments/compare/comparable.ts";
import { compareRuns, DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { comparisonHeadline, toldOf } from "../../../../loadtest/report/words/comparison.ts";
import { seriesOf } from "../../../../loadtest/analysis/slices/series.ts";
import { syntheticRun, type SyntheticOptions } from "../../../support/synthetic-run.ts";

const PAIRS = 30;

function opened(options: SyntheticOptions): ComparedRun & { readonly dialogs: null } {
  const { result, slices } = syntheticRun({ shards: 2, perShard: 60, ...options });
  return { name: `run ${options.noise}`, result, series: seriesOf(result, slices), dialogs: null };
}

/** Of a second's logarithms what its messages have in common, as large as what each has of its own. */
const common = (size: number, memory: number) => ({ memory, mood: size * Math.sqrt(1 - memory ** 2) });

/** So that the tolerance hides nothing. */
const STRICT = { ...DEFAULT_COMPARE, tolerance: 0, toleranceMs: 0 };

test("equal runs whose seconds are correlated are told to differ in few comparisons, even without a tolerance", () => {
  for (const [seconds, memory, size] of [
    [20, 0, 0.02],
    [20, 0.5, 0.1],
    [20, 0.8, 0.1],
    [60, 0.8, 0.1],
  ] as const) {
    let told = 0;
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const [a, b] = [0, 1].map((side) => opened({ noise: 2 * pair + side, seconds, ...common(size, memory) }));
      if (toldOf(compareRuns(a!, b!, STRICT)).length > 0) told += 1;
    }
    // Binomial(30, at most 0.05): 5 or more in 1 of 60.
    assert.ok(told <= 4, `${seconds} s, memory ${memory}: ${told} of ${PAIRS}`);
  }
});

test("what 20 s cannot tell is said to be so, and why", () => {
  const [a, b] = [1, 2].map((noise) => opened({ noise, seconds: 20, ...common(0.3, 0.8) }));
  const comparison = compareRuns(a!, b!, DEFAULT_COMPARE);
  assert.deepEqual(toldOf(comparison), []);
  const p99 = comparison.skipped.find(({ metric, shard }) => metric === "commit.p99" && shard === null);
  assert.match(
    p99!.reason,
    /^rests on samples worth \d+ independent ones, as its seconds are correlated, and needs 500$/u,
  );
  assert.match(comparisonHeadline(comparison), /could not be compared|too noisy to tell/iu);
});

test("one shard with a queue is not judged by idle neighbours", () => {
  let told = 0;
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const [a, b] = [0, 1].map((side) => {
      const calm = syntheticRun({ noise: 4 * pair + side, seconds: 20, shards: 4, perShard: 40, ...common(0.01, 0) });
      const queue = syntheticRun({
        noise: 4 * pair + 2 + side,
        seconds: 20,
        shards: 4,
        perShard: 40,
        ...common(0.1, 0.8),
      });
      const slices = calm.slices.map((slice, i) => (slice.shard === "01" ? queue.slices[i]! : slice));
      const { result } = calm;
      return { name: "", result, series: seriesOf(result, slices), dialogs: null };
    });
    if (toldOf(compareRuns(a!, b!, STRICT)).length > 0) told += 1;
  }
  assert.ok(told <= 4, `${told} of ${PAIRS}`);
});

test("independent seconds: a shard that is 10 % slower is found within 30 s", () => {
  for (let pair = 0; pair < 10; pair += 1) {
    const sides = { seconds: 30, shards: 4, perShard: 100, ...common(0.02, 0) };
    const a = opened({ ...sides, noise: 100 + 2 * pair });
    const b = opened({ ...sides, noise: 101 + 2 * pair, slow: { "02": 1.1 } });
    const shards = new Set(toldOf(compareRuns(a, b, DEFAULT_COMPARE)).flatMap(({ shard }) => shard ?? []));
    assert.deepEqual([...shards], ["02"], `pair ${pair}`);
  }
});
