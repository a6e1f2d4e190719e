/** Uniform numbers between 0 and 1, from `traffic/random.ts` with a fixed seed: the same run gives the same report. */
export type Random = () => number;

/** ln k! − its leading Stirling terms in k + 1; exact below 10, the asymptotic series above (error < 1e-9). */
function stirlingTail(k: number): number {
  if (k < 10) {
    let logFactorial = 0;
    for (let i = 2; i <= k; i += 1) logFactorial += Math.log(i);
    return logFactorial - (0.5 * Math.log(2 * Math.PI) + (k + 0.5) * Math.log(k + 1) - (k + 1));
  }
  const square = (k + 1) ** 2;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}

const STIRLING_TAIL = Float64Array.from({ length: 10 }, (_, k) => stirlingTail(k));
const tail = (k: number): number => STIRLING_TAIL[k] ?? stirlingTail(k);

/** Sequential search from 0 (Kachitvichyanukul & Schmeiser 1988, BINV): quick while n·p is small. */
function binomialBySearch(random: Random, n: number, p: number): number {
  const odds = p / (1 - p);
  let mass = (1 - p) ** n;
  let rest = random();
  let k = 0;
  while (rest > mass && k < n) {
    rest -= mass;
    k += 1;
    mass *= ((n + 1) / k - 1) * odds;
  }
  return k;
}

/** Transformed rejection with squeeze (Hörmann 1993, algorithm BTRS): exact, O(1) for n·p ≥ 10 and p ≤ ½. */
function binomialByRejection(random: Random, n: number, p: number): number {
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const centre = n * p + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const odds = p / (1 - p);
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + centre);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > n) continue;
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (n - mode + 1))) +
      (n + 1) * Math.log((n - mode + 1) / (n - k + 1)) +
      (k + 0.5) * Math.log((odds * (n - k + 1)) / (k + 1)) +
      tail(mode) +
      tail(n - mode) -
      tail(k) -
      tail(n - k);
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= bound) return k;
  }
}

/** Successes of n independent trials of chance p; exact. n: integer ≥ 0. */
export function binomial(random: Random, n: number, p: number): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  return n * p < 10 ? binomialBySearch(random, n, p) : binomialByRejection(random, n, p);
}

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
export function createPicker(shares: readonly number[]): (random: Random) => number {
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
      shard === shares.length - 1 ? balls : binomial(random, balls, left > 0 ? Math.min(1, share / left) : 1);
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
