import type { Random } from "../analysis/sampling.ts";

/** Enough for a standard error: it is known to 1 ÷ √(2 · 200) = 5 %. */
const REPLICATES = 200;

export interface StandardErrors {
  /** Of each value, on the scale that `statistics` returns; NaN where a resample has no such value. */
  readonly errors: Float64Array;
  /** Degrees of freedom of these errors. */
  readonly freedom: number;
}

/** Cells that are drawn together, so that what neighbours have in common is not taken for chance: n^⅓ (Künsch 1989). */
export const blockLength = (cells: number): number => Math.max(1, Math.round(Math.cbrt(cells)));

/**
 * Standard errors of statistics of a series by the circular block bootstrap: blocks of neighbouring cells are drawn with
 * replacement until there are as many cells as before, or a part of a block more (Politis & Romano, "A circular block-resampling procedure for
 * stationary data", 1992; Künsch, Ann. Statist. 17, 1989).
 *
 * Block means vary around the mean of the same series, which makes them n ÷ (n − length) too small a variance, and a last block that
 * reaches beyond n cells makes it smaller still: corrected.
 * Overlapping blocks are worth 1.5 times as many degrees of freedom as those that do not overlap (Meketon & Schmeiser,
 * "Overlapping batch means", WSC 1984).
 *
 * @param cells at least 2
 * @param statistics values for a series in which the block of `blockLength` cells that begins at cell i counts weights[i]
 *   times
 */
export function blockBootstrap(
  cells: number,
  statistics: (weights: Float64Array) => Float64Array,
  random: Random,
): StandardErrors {
  const length = blockLength(cells);
  const weights = new Float64Array(cells);
  let sums: Float64Array | null = null;
  let squares = new Float64Array(0);
  let centre = new Float64Array(0);
  for (let replicate = 0; replicate < REPLICATES; replicate += 1) {
    draw(weights, length, random);
    const values = statistics(weights);
    if (sums === null) {
      centre = values.slice();
      sums = new Float64Array(values.length);
      squares = new Float64Array(values.length);
    }
    for (let i = 0; i < values.length; i += 1) {
      const distance = values[i]! - centre[i]!;
      sums[i]! += distance;
      squares[i]! += distance * distance;
    }
  }
  const widening = (Math.ceil(cells / length) * length) / Math.max(1, cells - length);
  const errors = squares.map((square, i) => {
    const mean = sums![i]! / REPLICATES;
    return Math.sqrt(Math.max(0, (square / REPLICATES - mean * mean) * widening));
  });
  return { errors, freedom: Math.max(1, (1.5 * cells) / length - 1) };
}

function draw(weights: Float64Array, length: number, random: Random): void {
  weights.fill(0);
  for (let left = weights.length; left > 0; left -= length) weights[Math.floor(random() * weights.length)]! += 1;
}
