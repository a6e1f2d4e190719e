/**
 * The q-quantile of a histogram, linear inside its bucket as Prometheus' `histogram_quantile` has it.
 *
 * @param bounds upper bounds, ascending
 * @param counts by bucket, the last one above every bound
 * @param q 0…1
 * @returns in the bounds' unit, at most the last bound; null without observations
 */
export function bucketQuantile(bounds: readonly number[], counts: ArrayLike<number>, q: number): number | null {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total <= 0) return null;
  let rest = q * total;
  for (const [i, bound] of bounds.entries()) {
    const count = counts[i]!;
    const low = bounds[i - 1] ?? 0;
    if (count > 0 && rest <= count) return low + (bound - low) * (rest / count);
    rest -= count;
  }
  return bounds.at(-1) ?? null;
}
