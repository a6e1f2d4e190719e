import { sum } from "d3-array";
import type { Result } from "../result/result.ts";
import { countPlaces } from "./key-space.ts";
import { keyOf, type SegmentPart } from "./segment-parts.ts";

/** Pearson's test that dialogs fall on shards as their shares say; below a p-value of 0.001 the hash is suspect. */
type HashTest = Result["skew"]["hashTest"];

/**
 * Complementary error function; relative error < 1.2e-7 (Press et al., Numerical Recipes, 6.2, Chebyshev fit), x ≥ 0.
 */
function erfc(x: number): number {
  const t = 1 / (1 + x / 2);
  const fit = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  return t * Math.exp(-x * x + fit.reduceRight((rest, term) => term + t * rest, 0));
}

/**
 * P(χ² ≥ x) with k degrees of freedom: the regularised upper incomplete gamma function Q(k/2, x/2), by the recurrence
 * Q(a + 1, z) = Q(a, z) + zᵃe⁻ᶻ/Γ(a + 1) (Abramowitz & Stegun 6.5.22) from Q(½, z) = erfc √z or Q(1, z) = e⁻ᶻ.
 */
export function chiSquareSurvival(x: number, degreesOfFreedom: number): number {
  const z = x / 2;
  const odd = degreesOfFreedom % 2 === 1;
  let a = odd ? 0.5 : 1;
  let q = odd ? erfc(Math.sqrt(z)) : Math.exp(-z);
  let step = odd ? (2 * Math.sqrt(z) * Math.exp(-z)) / Math.sqrt(Math.PI) : z * Math.exp(-z);
  while (a < degreesOfFreedom / 2) {
    q += step;
    a += 1;
    step *= z / a;
  }
  return Math.min(1, q);
}

/**
 * Tests the hash on distinct dialogs, each counted once. Never on messages: those of one dialog go to one shard
 * together, and a chi-square that takes them for independent rejects a perfect hash.
 *
 * What the shards are due is known from a sample alone, so this is Pearson's test of two samples against each other
 * (Press et al., Numerical Recipes, 3rd ed., 14.3.3): against the sample as if it were exact, a perfect hash of more
 * dialogs than were sampled is rejected.
 *
 * @param dialogs distinct dialogs per shard, pinned and split ones left out
 * @param sample synthetic dialogs per shard under the same placement (see `sampleKeySpace`); shards without any dialog
 *   of either kind are left out
 * @returns null when a shard expects fewer than 5 dialogs (Cochran 1954) or there is only one shard
 */
export function testHash(dialogs: readonly number[], sample: readonly number[]): HashTest {
  const total = sum(dialogs);
  const sampled = sum(sample);
  const cells = sample.flatMap((due, shard) => {
    const seen = dialogs[shard] ?? 0;
    return seen + due > 0 ? [{ seen, due }] : [];
  });
  if (cells.length < 2 || cells.some(({ due }) => (due * total) / sampled < 5)) return null;
  const weight = Math.sqrt(sampled / total);
  const chiSquare = sum(cells, ({ seen, due }) => (weight * seen - due / weight) ** 2 / (seen + due));
  return {
    chiSquare,
    degreesOfFreedom: cells.length - 1,
    pValue: chiSquareSurvival(chiSquare, cells.length - 1),
  };
}

/**
 * Tests the hash on a run: every key once, where the first segment that hashed it put it; in the next ones it lies
 * where it lies because of that. What pins, splits and a placement by number put is left out. The statistics of the
 * segments add up.
 *
 * @param labels number of the topology's shards
 * @returns null when no segment has enough keys (see `testHash`)
 */
export function testRun(parts: readonly SegmentPart[], labels: number): HashTest {
  const known = new Set<string>();
  const tests = parts.flatMap(({ layout, loads }) => {
    if (layout.byNumber) return [];
    const seen = Array.from({ length: labels }, () => 0);
    const before = new Set(known);
    for (const load of loads) {
      if (layout.overridden.has(load.dialog)) continue;
      const key = keyOf(layout, load);
      known.add(key);
      if (!before.has(key)) seen[load.shard]! += 1;
    }
    return testHash(seen, countPlaces(layout.places, labels)) ?? [];
  });
  if (tests.length === 0) return null;
  const chiSquare = sum(tests, (test) => test.chiSquare);
  const degreesOfFreedom = sum(tests, (test) => test.degreesOfFreedom);
  return { chiSquare, degreesOfFreedom, pValue: chiSquareSurvival(chiSquare, degreesOfFreedom) };
}
