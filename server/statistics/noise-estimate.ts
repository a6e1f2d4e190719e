/** Mean and mean square of the largest of n independent standard normal deviates. */
interface Extreme {
  readonly mean: number;
  readonly square: number;
  /** What one of n normal deviates, less their mean, exceeds in 1 of 100 cases at most. */
  readonly bound: number;
}

const extremes = new Map<number, Extreme>();

/**
 * Expected max/mean of `keys` equally heavy keys on `shards` shards under a perfect hash, in closed form: for a server
 * that has no time to simulate it.
 *
 * The loads are multinomial, whose deviations from their mean are distributed as those of independent normals from
 * theirs; so the largest is √(keys/shards) times the largest of that many normals. The second-order term (Cornish &
 * Fisher 1937, with the skewness of a Poisson count) takes the lopsidedness of few keys into account. Within 4 % of the
 * simulation from two keys a shard up.
 *
 * @param keys distinct dialogs, not messages; 0 gives 1
 * @returns 1 … shards
 */
export function estimateNoise(keys: number, shards: number): number {
  if (keys < 1 || shards < 2) return 1;
  const extreme = extremeOf(shards);
  const spread = shards / keys;
  const ratio = 1 + extreme.mean * Math.sqrt(spread) + ((extreme.square - 1) / 6) * spread;
  return Math.min(ratio, shards);
}

/**
 * The max/mean that 99 of 100 perfect hashes stay below, by Bonferroni's inequality over the shards and the same
 * second-order term.
 *
 * @param keys distinct dialogs; 0 gives 1
 * @returns 1 … shards
 */
export function estimateNoiseP99(keys: number, shards: number): number {
  if (keys < 1 || shards < 2) return 1;
  const { bound } = extremeOf(shards);
  const spread = shards / keys;
  return Math.min(1 + bound * Math.sqrt(spread) + ((bound ** 2 - 1) / 6) * spread, shards);
}

function extremeOf(n: number): Extreme {
  const known = extremes.get(n);
  if (known !== undefined) return known;
  const made = integrate(n);
  extremes.set(n, made);
  return made;
}

/** E[M] = ∫ x dF(x)ⁿ, with F the normal distribution, summed from its density on a grid. */
function integrate(n: number): Extreme {
  const step = 0.005;
  let below = 0;
  let last = 0;
  let mean = 0;
  let square = 0;
  let bound = 0;
  for (let x = -8; x <= 8; x += step) {
    const middle = x + step / 2;
    below += (Math.exp((-middle * middle) / 2) / Math.sqrt(2 * Math.PI)) * step;
    const all = Math.min(below, 1) ** n;
    mean += middle * (all - last);
    square += middle * middle * (all - last);
    last = all;
    if (below < 1 - 0.01 / n) bound = x + step;
  }
  return { mean, square, bound: bound * Math.sqrt(1 - 1 / n) };
}
