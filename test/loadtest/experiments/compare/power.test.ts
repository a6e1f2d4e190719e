import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { decideInStages, type Estimate } from "../../../../loadtest/experiments/compare/decide.ts";
import { detectableChange, powerInWords } from "../../../../loadtest/experiments/compare/power.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";

const random = createRandom(8, 2);
const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

const TRIALS = 400;
/** Figures of all shards, and of each of so many. */
const WHOLE = 7;

/** An experiment in alternation: the figures of all shards, then five of each shard; `change` says what is true of each. */
function experiment(rounds: number, shards: number, noise: number, change: (figure: number) => number) {
  const whole = Array.from({ length: WHOLE + 5 * shards }, (_, i) => (i < WHOLE ? null : (i - WHOLE) % 5));
  const estimates = whole.map((_, i): Estimate => {
    const differences = Array.from({ length: rounds }, () => change(i) + Math.SQRT2 * noise * normal());
    const mean = differences.reduce((sum, one) => sum + one, 0) / rounds;
    // As many rounds of either order, and a drift is fitted too.
    const drift = differences.reduce((sum, one, round) => sum + one * (-1) ** round, 0) / rounds;
    const squares = differences.reduce((sum, one, round) => sum + (one - mean - drift * (-1) ** round) ** 2, 0);
    const freedom = rounds - 2;
    return { change: mean, error: Math.sqrt(squares / freedom / rounds), freedom, tolerance: Math.log1p(0.05) };
  });
  const decisions = decideInStages(estimates, whole, 0.95);
  return { whole, isTold: (i: number) => ["up", "down"].includes(decisions[i]!.outcome) };
}

test("the change that is named before the run is told in four of five experiments, on 4 shards as on 64", () => {
  const change = Math.log1p(detectableChange(8, 0.03, DEFAULT_COMPARE));
  assert.ok(change < 0.14, `${change}`);
  for (const shards of [4, 64]) {
    const told = Array.from({ length: TRIALS }, () => experiment(8, shards, 0.03, () => change).isTold(1)).filter(
      Boolean,
    );
    assert.ok(Math.abs(told.length / TRIALS - 0.8) < 0.08, `${shards} shards: ${told.length} of ${TRIALS}`);
  }
});

test("any false alarm comes in at most 5 %, also below figures of all shards that did change", () => {
  for (const changed of [() => false, (i: number) => i < WHOLE] as const) {
    let alarms = 0;
    for (let trial = 0; trial < TRIALS; trial += 1) {
      // At the edge of the tolerance, where alarms are most frequent.
      const { whole, isTold } = experiment(6, 4, 0.03, (i) => (changed(i) ? 0.4 : Math.log1p(0.05)));
      if (whole.some((_, i) => !changed(i) && isTold(i))) alarms += 1;
    }
    // Binomial(400, at most 0.05), three standard deviations.
    assert.ok(alarms <= 20 + 13, `${alarms} of ${TRIALS}`);
  }
});

test("shards are told more easily below a figure that is told", () => {
  const sure: Estimate = { change: 0.5, error: 0.01, freedom: 6, tolerance: 0.05 };
  const shard: Estimate = { change: 0.2, error: 0.038, freedom: 6, tolerance: 0.05 };
  const outcomes = (whole: Estimate) =>
    decideInStages([whole, shard, shard], [null, 0, 0], 0.95).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes(sure), ["up", "up", "up"]);
  assert.deepEqual(outcomes({ ...sure, change: 0 }), ["same", "unclear", "unclear"]);
  assert.deepEqual(
    decideInStages([sure, sure], [null, null], 0.95).map(({ outcome }) => outcome),
    ["up", "up"],
  );
});

test("before the run it is said what the rounds can see", () => {
  assert.match(
    powerInWords(8, DEFAULT_COMPARE).replaceAll(/\s/gu, " "),
    /^8 rounds find a change of all shards, in 4 of 5 experiments, from \d+ % on where runs of the same setting vary by 1 %, from \d+ % by 3 %, from \d+ % by 8 %; more rounds find smaller ones\.$/u,
  );
  assert.ok(detectableChange(12, 0.03, DEFAULT_COMPARE) < detectableChange(6, 0.03, DEFAULT_COMPARE));
});
