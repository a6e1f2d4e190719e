import assert from "node:assert/strict";
import { test } from "node:test";
import { chiSquareSurvival, testHash } from "../../../../loadtest/analysis/skew/hash-test.ts";
import { sampleKeySpace } from "../../../../loadtest/analysis/skew/key-space.ts";
import { createThrower } from "../../../../loadtest/stats/sampling.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";
import { compileTopology } from "../../../../server/placement/router.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";

test("survival of chi-square at published quantiles", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4.
  for (const [x, degrees, p] of [
    [3.841, 1, 0.05],
    [5.991, 2, 0.05],
    [7.815, 3, 0.05],
    [16.919, 9, 0.05],
    [23.209, 10, 0.01],
    [82.529, 63, 0.05],
    [10.828, 1, 0.001],
  ] as const) {
    assert.ok(Math.abs(chiSquareSurvival(x, degrees) / p - 1) < 0.005, `${x} with ${degrees}`);
  }
  assert.equal(chiSquareSurvival(0, 3), 1);
  assert.ok(chiSquareSurvival(5_000, 3) < 1e-100);
});

/** Dialogs thrown into shards of these shares by a perfect hash. */
function thrown(dialogs: number, shares: readonly number[], random: () => number): number[] {
  const loads = new Float64Array(shares.length);
  createThrower(shares)(loads, random, dialogs, 1);
  return [...loads];
}

const SAMPLED = 100_000;

for (const [dialogs, trials] of [
  [5_000, 400],
  [300_000, 400],
] as const) {
  test(`of ${dialogs} dialogs a perfect hash has uniform p-values, though the shares are known from a sample alone`, () => {
    const random = createRandom(2, dialogs).uniform;
    const values = Array.from({ length: trials }, () => {
      // A ring's shares: no two layouts have the same.
      const arcs = Array.from({ length: 6 }, () => 0.5 + random());
      const round = arcs.reduce((sum, arc) => sum + arc, 0);
      const shares = arcs.map((arc) => arc / round);
      return testHash(thrown(dialogs, shares, random), thrown(SAMPLED, shares, random))!.pValue;
    });
    // Binomial(400, ½) and Binomial(400, 0.05), five standard deviations.
    assert.ok(Math.abs(values.filter((p) => p < 0.5).length - trials / 2) < 50);
    assert.ok(Math.abs(values.filter((p) => p < 0.05).length - trials / 20) < 22);
  });
}

test("the hash of the house, on rings with their own shares, is not suspect however many dialogs there are", () => {
  const values = [4, 5, 6, 7].map((count) => {
    const labels = Array.from({ length: count }, (_, i) => String(i).padStart(2, "0"));
    const router = compileTopology(singleSegment({ labels, placement: "ring:virtualNodes=40" }));
    const place = (dialog: string) => router.place({ dialog, id: 1n, author: 1, client: "" });
    const random = createRandom(count, 1);
    const loads = labels.map(() => 0);
    for (let i = 0; i < 300_000; i += 1) loads[place(`${1 + random.below(1e6)}_${2e6 + random.below(1e6)}`)]! += 1;
    return testHash(loads, sampleKeySpace(place, count))!.pValue;
  });
  assert.ok(
    values.every((p) => p > 0.001),
    values.join(" "),
  );
});

test("a crooked hash is found", () => {
  assert.ok(testHash([600, 900, 1_500, 2_000], [10_000, 20_000, 30_000, 40_000])!.pValue < 1e-4);
});

test("too few dialogs and a single shard are not tested, a drained shard does not count", () => {
  assert.equal(testHash([3, 4, 5, 6], [25, 25, 25, 25]), null);
  assert.equal(testHash([500], [100]), null);
  assert.equal(testHash([500, 500, 5], [50_000, 50_000, 0]), null);
  assert.equal(testHash([50, 50, 0], [50_000, 50_000, 0])!.degreesOfFreedom, 1);
});
