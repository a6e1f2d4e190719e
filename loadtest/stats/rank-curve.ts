/** A share of all, 0…1, by its rank from 1. */
export interface RankShare {
  readonly rank: number;
  readonly share: number;
}

/**
 * Some points of a rank-size curve, the first and the last rank among them.
 *
 * @param ranked the largest first
 * @param step neighbouring points differ by this factor of the rank: 1.05 makes some 250 of a hundred thousand
 */
export function rankCurve(ranked: ArrayLike<number>, total: number, step: number): RankShare[] {
  const points: RankShare[] = [];
  const add = (rank: number) => points.push({ rank, share: ranked[rank - 1]! / total });
  for (let rank = 1; rank < ranked.length; rank = Math.max(rank + 1, Math.floor(rank * step))) add(rank);
  if (ranked.length > 0) add(ranked.length);
  return points;
}
