import { drawBinomial } from "./binomial.ts";

/** Uniform numbers between 0 and 1, from `traffic/random.ts` with a fixed seed: the same run gives the same report. */
export type Random = () => number;

/** Throws n balls into shards and adds `weight` to a shard for each ball in it. */
export type Thrower = (loads: Float64Array, random: Random, n: number, weight: number) => void;

/**
 * A thrower for shards of these shares (Σ = 1). Few balls are thrown one by one, each in constant time on average: a
 * guide table (Chen & Asau 1974) says where in the cumulated shares to begin. Many are thrown by conditional binomials
 * (Devroye 1986, XI.1.4), which is the same distribution.
 */
export function createThrower(shares: readonly number[]): Thrower {
  const pick = createPicker(shares);
  return (loads, random, n, weight) => {
    if (n > 2 * shares.length) return throwMany(loads, random, n, shares, weight);
    for (let ball = 0; ball < n; ball += 1) loads[pick(random)]! += weight;
  };
}

/** Draws an index by these shares (Σ = 1), in constant time on average. */
export function createPicker(shares: ArrayLike<number>): (random: Random) => number {
  const size = shares.length;
  const cumulated = new Float64Array(size);
  let sum = 0;
  for (let shard = 0; shard < size; shard += 1) cumulated[shard] = sum += shares[shard]!;
  // Whatever was lost in adding up belongs to the last.
  cumulated[size - 1] = Number.POSITIVE_INFINITY;
  const guide = new Uint32Array(size);
  for (let cell = 0, shard = 0; cell < size; cell += 1) {
    while (cumulated[shard]! <= cell / size) shard += 1;
    guide[cell] = shard;
  }
  return (random) => {
    const at = random();
    let shard = guide[Math.floor(at * size)]!;
    while (cumulated[shard]! <= at) shard += 1;
    return shard;
  };
}

function throwMany(loads: Float64Array, random: Random, n: number, shares: readonly number[], weight: number): void {
  let balls = n;
  let left = 1;
  for (let shard = 0; shard < shares.length && balls > 0; shard += 1) {
    const share = shares[shard]!;
    const here =
      shard === shares.length - 1 ? balls : drawBinomial(random, balls, left > 0 ? Math.min(1, share / left) : 1);
    loads[shard]! += here * weight;
    balls -= here;
    left -= share;
  }
}

/** The q-quantile (0…1) of ascending values, interpolated linearly (Hyndman & Fan 1996, type 7). */
export function quantileOf(ascending: ArrayLike<number>, q: number): number {
  const position = (ascending.length - 1) * q;
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low + (high - low) * (position - below);
}
