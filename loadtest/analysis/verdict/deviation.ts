/** How often an honest run may be called INVALID by one check. */
export const CHANCE = 1e-6;

/**
 * How far a count may be from its expectation: Bernstein's inequality, P(|X − EX| >= t) <= 2 exp(−t² / (2 (v + t/3))),
 * solved for t. It holds for sums of independent 0/1 variables and for Poisson counts, for small numbers too
 * (Boucheron, Lugosi and Massart, Concentration Inequalities, 2013, section 2.8).
 *
 * @param variance of the count
 * @returns t with a chance of at most 1e-6 to be exceeded
 */
export const countTolerance = (variance: number): number => meanTolerance(variance, 1, 1);

/** The same of the mean of n independent values. @param range of a value; `variance` is that of one, too */
export function meanTolerance(variance: number, range: number, n: number): number {
  const log = Math.log(2 / CHANCE) / n;
  return (range * log) / 3 + Math.sqrt((range * log) ** 2 / 9 + 2 * variance * log);
}
