import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { noiseFloor } from "../../../../loadtest/analysis/skew/noise-floor.ts";
import { estimateNoise, estimateNoiseP99 } from "../../../../server/statistics/noise-estimate.ts";
import { effectiveShards, gini, maxOverMean, variationCoefficient } from "../../../../server/statistics/skew.ts";
import { createThrower, quantileOf } from "../../../../loadtest/stats/sampling.ts";
import { drawBinomial } from "../../../../loadtest/stats/binomial.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";
import { cpuMs } from "../../../support/cpu.ts";

const close = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);

test("figures of known loads", () => {
  const table = [
    { loads: [10, 10, 10, 10], ratio: 1, effective: 4, cv: 0, gini: 0 },
    { loads: [15, 15, 15, 55], ratio: 2.2, effective: 4 / 2.2, cv: Math.sqrt(3) * 0.4, gini: 0.3 },
    { loads: [0, 0, 0, 8], ratio: 4, effective: 1, cv: Math.sqrt(3), gini: 0.75 },
    { loads: [0, 0, 0], ratio: 1, effective: 3, cv: 0, gini: 0 },
    // What one of the systems behind this project stored: 1880, 4141, 12467 and 8728 messages.
    { loads: [1880, 4141, 12467, 8728], ratio: 1.8323, effective: 2.183, cv: 0.602, gini: 0.3339 },
  ];
  for (const row of table) {
    close(maxOverMean(row.loads), row.ratio, 1e-4);
    close(effectiveShards(row.loads), row.effective, 1e-3);
    close(variationCoefficient(row.loads), row.cv, 1e-3);
    close(gini(row.loads), row.gini, 1e-3);
  }
});

test("bounds, and nothing depends on the unit or the order of the loads", () => {
  const loads = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(loads, fc.integer({ min: 1, max: 1_000 }), (values, scale) => {
      const ratio = maxOverMean(values);
      assert.ok(ratio >= 1 - 1e-12 && ratio <= values.length + 1e-9);
      assert.ok(effectiveShards(values) >= 1 - 1e-12 && effectiveShards(values) <= values.length + 1e-9);
      assert.ok(gini(values) >= -1e-12 && gini(values) <= 1 - 1 / values.length + 1e-12);
      assert.ok(variationCoefficient(values) <= Math.sqrt(values.length - 1) + 1e-9);
      const others = values.map((value) => value * scale).reverse();
      for (const figure of [maxOverMean, gini, variationCoefficient]) close(figure(others), figure(values), 1e-9);
    }),
  );
});

test("binomial draws have the binomial's mean, variance and range, on both sides of the change of method", () => {
  for (const [n, p] of [
    [5, 0.3],
    [40, 0.2],
    [40, 0.3],
    [1_000, 0.01],
    [1_000_000, 1 / 64],
    [300, 0.97],
  ] as const) {
    const random = createRandom(5, 0).uniform;
    const draws = Array.from({ length: 40_000 }, () => drawBinomial(random, n, p));
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    const deviation = Math.sqrt(n * p * (1 - p));
    assert.ok(draws.every((draw) => Number.isInteger(draw) && draw >= 0 && draw <= n));
    // Five standard errors of the mean; the variance of a sample variance is near 2σ⁴/n.
    close(mean, n * p, (5 * deviation) / Math.sqrt(draws.length));
    close(variance / deviation ** 2, 1, 5 * Math.sqrt(3 / draws.length));
  }
});

test("thrown messages are all there", () => {
  const loads = new Float64Array(3);
  createThrower([0.5, 0, 0.5])(loads, createRandom(3, 0).uniform, 1_000, 2);
  createThrower([0.5, 0, 0.5])(loads, createRandom(4, 0).uniform, 3, 1);
  assert.equal(loads[0]! + loads[2]!, 2_003);
  assert.equal(loads[1], 0);
});

test("the noise floor is what brute force finds", () => {
  for (const [keys, shards] of [
    [60, 4],
    [500, 8],
    [2_000, 16],
  ] as const) {
    const random = createRandom(77, keys).uniform;
    const ratios = Float64Array.from({ length: 4_000 }, () => {
      const loads = Array.from<number>({ length: shards }).fill(0);
      for (let key = 0; key < keys; key += 1) loads[Math.floor(random() * shards)]! += 1;
      return maxOverMean(loads);
    }).sort();
    const mean = ratios.reduce((a, b) => a + b, 0) / ratios.length;
    const floor = noiseFloor(keys, shards);
    close(floor.mean - 1, mean - 1, 0.05 * (mean - 1));
    close(floor.p99 - 1, quantileOf(ratios, 0.99) - 1, 0.1 * (mean - 1) + shards / keys);
    assert.ok(floor.low < floor.mean && floor.mean < floor.high && floor.high <= floor.p99);
  }
});

test("the noise floor: one key burns one shard, no key none, many keys are quick", () => {
  assert.equal(noiseFloor(1, 8).mean, 8);
  assert.equal(noiseFloor(0, 8).mean, 1);
  assert.equal(noiseFloor(1_000, 1).p99, 1);
  const start = cpuMs();
  const floor = noiseFloor(1_000_000, 64);
  const took = cpuMs() - start;
  // Expected maximum of 64 standard normals: 2.39; σ of a shard's load over its mean: 0.00794.
  close(floor.mean, 1.019, 0.0005);
  assert.ok(took < 1_000, `${took} ms`);
});

test("the closed form that the server uses is near the simulation, whatever the shards", () => {
  for (const shards of [2, 3, 4, 8, 16, 64]) {
    for (const perShard of [2, 5, 20, 200, 5_000]) {
      const keys = shards * perShard;
      const simulated = noiseFloor(keys, shards).mean;
      close(estimateNoise(keys, shards) / simulated, 1, 0.04);
      // Loads of a few keys are whole numbers, and so is their bound.
      close(estimateNoiseP99(keys, shards) / noiseFloor(keys, shards).p99, 1, perShard < 20 ? 0.25 : 0.03);
      if (perShard >= 20) close((estimateNoise(keys, shards) - 1) / (simulated - 1), 1, 0.06);
    }
  }
  assert.equal(estimateNoise(0, 8), 1);
  assert.equal(estimateNoise(100, 1), 1);
  assert.ok(estimateNoise(1, 4) <= 4);
});

/** Of 200,000 single balls, in the quickest of five rounds. */
function msOf(shards: number): number {
  const random = createRandom(8, 0).uniform;
  const toss = createThrower(Array.from<number>({ length: shards }).fill(1 / shards));
  const loads = new Float64Array(shards);
  const rounds = Array.from({ length: 5 }, () => {
    const start = cpuMs();
    for (let i = 0; i < 200_000; i += 1) toss(loads, random, 1, 1);
    return cpuMs() - start;
  });
  return Math.min(...rounds);
}

test("balls fall by the shares, one by one and many at once, and on many shards no slower", () => {
  const shares = [0.5, 0, 0.2, 0.05, 0.25];
  for (const [n, times] of [
    [3, 40_000],
    [600, 200],
  ] as const) {
    const random = createRandom(8, n).uniform;
    const loads = new Float64Array(shares.length);
    const toss = createThrower(shares);
    for (let i = 0; i < times; i += 1) toss(loads, random, n, 2);
    shares.forEach((share, shard) => {
      const total = n * times;
      close(loads[shard]! / 2 / total, share, 5 * Math.sqrt((share * (1 - share)) / total));
    });
  }
  const [few, many] = [msOf(8), msOf(4_096)];
  assert.ok(many < 20 * few, `${many} ms on 4,096 shards, ${few} ms on 8`);
});
