/** How often a right distribution is called wrong by one test of it; tests draw with fixed seeds, so they never flicker. */
const LEVEL_Z = 4;
/** Cells expected to hold less are put together with their neighbours (Cochran 1954). */
const LEAST_EXPECTED = 8;

/**
 * Pearson's chi-square of counts against their expectations, by the cube root of Wilson and Hilferty (PNAS 17, 1931).
 *
 * @returns whether it is no higher than chance explains at 4 standard deviations
 */
export function chiSquareIsLow(seen: readonly number[], expected: readonly number[]): boolean {
  let chiSquare = 0;
  let cells = 0;
  let [pooledSeen, pooledExpected] = [0, 0];
  for (const [index, mass] of expected.entries()) {
    pooledSeen += seen[index]!;
    pooledExpected += mass;
    if (pooledExpected < LEAST_EXPECTED) continue;
    chiSquare += (pooledSeen - pooledExpected) ** 2 / pooledExpected;
    cells += 1;
    [pooledSeen, pooledExpected] = [0, 0];
  }
  // What is left at the end is less than a cell.
  chiSquare += pooledExpected > 0 ? (pooledSeen - pooledExpected) ** 2 / LEAST_EXPECTED : 0;
  const degrees = cells - 1;
  if (degrees < 1) return true;
  const spread = 2 / (9 * degrees);
  return (Math.cbrt(chiSquare / degrees) - (1 - spread)) / Math.sqrt(spread) < LEVEL_Z;
}

/**
 * Chance of a Kolmogorov distance as large as that of these values from the even distribution between 0 and 1 (M.
 * Stephens, JRSS B 32, 1970: good to the second digit from 4 values on).
 */
export function evennessP(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  let distance = 0;
  for (const [i, u] of sorted.entries()) distance = Math.max(distance, (i + 1) / n - u, u - i / n);
  const lambda = (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) * distance;
  let p = 0;
  for (let k = 1; k <= 100; k += 1) p += 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
  return Math.min(1, Math.max(0, p));
}
