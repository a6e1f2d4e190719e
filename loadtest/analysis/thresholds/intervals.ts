import { quantileOf, type HistogramData } from "../../measurement/histogram.ts";
import { createRandom } from "../../stats/random.ts";
import { createThrower } from "../../stats/sampling.ts";

/** Ends of a 95 % interval; null where the samples do not tell. */
export interface Interval {
  readonly low: number | null;
  readonly high: number | null;
}

/** Chance of either tail. */
const TAIL = 0.025;
/** Normal quantile of 1 − TAIL. */
const Z = 1.959963984540054;
const zOf = (tail: number): number => (tail === TAIL ? Z : upperNormalQuantile(tail));
/** Below so many expected events the binomial is summed, above it is as good as normal. */
const SUMMED = 300;

/**
 * Smallest number of samples whose largest value is an upper end of the 95 % interval of the q-quantile: 1 − qⁿ must
 * reach 97.5 %. 368 for p99, 3,688 for p99.9 (David & Nagaraja, Order Statistics, 3rd ed. 2003, section 7.1).
 *
 * @param q above 0, below 1
 */
export function samplesForQuantile(q: number): number {
  return Math.ceil(Math.log(TAIL) / Math.log(Math.max(q, 1 - q)));
}

/**
 * Distribution-free interval of a quantile: the order statistics whose ranks hold the binomial number of samples below
 * it (David & Nagaraja 2003, section 7.1). Samples count as independent; where neighbours in time wait in one queue the
 * true interval is wider.
 *
 * @param q above 0, below 1
 * @param tail chance of either tail; that of a 95 % interval by default
 */
export function quantileInterval(data: HistogramData, q: number, tail = TAIL): Interval {
  const { count: n } = data;
  const at = (rank: number) => quantileOf(data, (rank - 0.5) / n);
  // Ranks are counted from the nearer end: how many samples lie beyond the quantile.
  const fewest = fewestEvents(n, 1 - q, tail);
  const most = mostEvents(n, 1 - q, tail);
  const low = n + 1 - most;
  return { low: low >= 1 ? at(low) : null, high: fewest === null ? null : at(n - fewest) };
}

/** @returns the largest k with P(E <= k) at most `tail` for a binomial E; null when even E = 0 is likelier */
function fewestEvents(n: number, p: number, tail: number): number | null {
  if (n * p > SUMMED && n * (1 - p) > SUMMED) return Math.floor(n * p - zOf(tail) * Math.sqrt(n * p * (1 - p)) - 0.5);
  let k = -1;
  let below = 0;
  for (const mass of masses(n, p)) {
    below += mass;
    if (below > tail) break;
    k += 1;
  }
  return k < 0 ? null : k;
}

/** @returns the smallest m with P(E >= m) at most `tail` for a binomial E; n + 1 when there is none */
function mostEvents(n: number, p: number, tail: number): number {
  if (n * p > SUMMED && n * (1 - p) > SUMMED) return Math.ceil(n * p + zOf(tail) * Math.sqrt(n * p * (1 - p)) + 0.5);
  let m = 0;
  let below = 0;
  for (const mass of masses(n, p)) {
    if (1 - below <= tail) break;
    below += mass;
    m += 1;
  }
  return m;
}

/** P(E = 0), P(E = 1), … of a binomial. */
function* masses(n: number, p: number): Generator<number> {
  let mass = (1 - p) ** n;
  for (let k = 0; k <= n; k += 1) {
    yield mass;
    mass *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
}

/**
 * Wilson's score interval of a share (Wilson, JASA 22, 1927).
 *
 * @param tail chance of either tail; that of a 95 % interval by default
 */
export function shareInterval(events: number, n: number, tail = TAIL): { readonly low: number; readonly high: number } {
  if (n <= 0) return { low: 0, high: 1 };
  const z = zOf(tail);
  const share = events / n;
  const scale = 1 + (z * z) / n;
  const centre = (share + (z * z) / (2 * n)) / scale;
  const reach = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / scale;
  return { low: events <= 0 ? 0 : Math.max(0, centre - reach), high: events >= n ? 1 : Math.min(1, centre + reach) };
}

/**
 * Interval of max/mean over shards when messages fall on them independently: simultaneous intervals of all shares
 * (Bonferroni), so the largest share lies between the largest lower and the largest upper end.
 */
export function maxOverMeanInterval(stored: readonly number[]): { readonly low: number; readonly high: number } {
  const total = stored.reduce((sum, rows) => sum + rows, 0);
  const shards = stored.length;
  if (total === 0) return { low: 1, high: shards };
  const ends = stored.map((rows) => shareInterval(rows, total, TAIL / shards));
  const low = Math.max(...ends.map((end) => end.low)) * shards;
  return { low: Math.max(1, low), high: Math.max(...ends.map((end) => end.high)) * shards };
}

type Statistic = (loads: readonly number[]) => number;

/**
 * What chance alone makes of a statistic of loads.
 *
 * @param balls that are thrown into shards of these shares (Σ = 1) in each trial, with a fixed seed
 * @returns the statistic of each trial, ascending
 */
export function thrownStatistic(
  statistic: Statistic,
  balls: number,
  shares: readonly number[],
  trials: number,
  seed: number,
): Float64Array {
  const random = createRandom(seed, shares.length).uniform;
  const toss = createThrower(shares);
  return Float64Array.from({ length: trials }, () => {
    const loads = new Float64Array(shares.length);
    toss(loads, random, balls, 1);
    return statistic([...loads]);
  }).sort();
}

/** Normal quantile of 1 − tail; error below 4.5e-4 (Abramowitz & Stegun 1964, 26.2.23). */
function upperNormalQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}
