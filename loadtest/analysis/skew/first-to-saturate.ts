import { createRandom } from "../../stats/random.ts";
import { quantileOf } from "../../stats/sampling.ts";
import { studentQuantile } from "../../stats/student.ts";

/** What is asked of one writer, and what it can do as far as a run knows. */
export interface WriterUse {
  readonly offeredPerS: number;
  /** Seconds that it needs for a row when it is saturated: 1 ÷ its limit. */
  readonly rowS: number;
  /** Standard error of that. */
  readonly errorS: number;
}

/** How much all traffic can grow until the first of several writers saturates; 0.5: by a half. */
export interface Growth {
  readonly growth: number;
  /** 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/** 1 − the confidence of the interval. */
const MISS = 0.05;
const DRAWS = 1_000;
const GRID = 40;
const ROUNDS = 300;

/**
 * The normal deviate that is exceeded with this chance, 0 < tail ≤ ½: Student's, of as good as no doubt in the error.
 */
const normalQuantile = (tail: number): number => studentQuantile(tail, 1e6);

const busiest = (loads: readonly number[]): number => loads.reduce((most, load) => Math.max(most, load), 0);

/**
 * Growth until the first writer saturates: 1 ÷ (the largest use of a writer, offered × seconds a row) − 1.
 *
 * **Interval.** Ends of the largest use are the largest of the writers' own ends. Above: the first writer is one of
 * them, so it fails with a chance of α at most, for a one-sided α of each. Below: no end of any may be too high, so
 * each has 1 − (1 − α)^(1/n) (Šidák, J. Am. Stat. Assoc. 62, 1967). When one writer is first by far, the miss is the
 * sum of both; when all are equal it is α. The α that makes the first 5 % holds the truth in at least 95 % of the cases
 * whatever the limits are; in more when several are nearly first.
 *
 * **Estimate.** The largest of several measured uses is too large: chance chose it. How much, is told by drawing
 * measurements (a parametric bootstrap; Davison & Hinkley 1997, 2.2) of writers as they plausibly are: each at its
 * posterior mean under the distribution of seconds a row that makes all of them likeliest (`plausible`). The median of
 * (largest measured ÷ largest true) is taken off. Writers that are alike, which they mostly are, then get the growth of
 * all of them together.
 *
 * @param writers at least one, all with an offer above 0
 */
export function firstToSaturate(writers: readonly WriterUse[]): Growth {
  const seen = busiest(writers.map(({ offeredPerS, rowS }) => offeredPerS * rowS));
  const alpha = missOf(writers.length);
  const above = normalQuantile(alpha);
  const below = normalQuantile(1 - (1 - alpha) ** (1 / writers.length));
  const high = busiest(writers.map(({ offeredPerS, rowS, errorS }) => offeredPerS * (rowS + above * errorS)));
  const low = busiest(
    writers.map(({ offeredPerS, rowS, errorS }) => offeredPerS * Math.max(rowS - below * errorS, rowS / 10)),
  );
  const use = Math.min(high, Math.max(low, seen / luckOf(writers)));
  return { growth: 1 / use - 1, low: 1 / high - 1, high: 1 / low - 1 };
}

/** The α with α + 1 − (1 − α)^(1/n) = 5 %, by bisection: 2.5 % of one writer, nearly 5 % of many. */
function missOf(n: number): number {
  let [low, high] = [0, MISS];
  for (let step = 0; step < 50; step += 1) {
    const alpha = (low + high) / 2;
    if (alpha + 1 - (1 - alpha) ** (1 / n) < MISS) low = alpha;
    else high = alpha;
  }
  return low;
}

/** Median of the largest measured use over the largest true one. */
function luckOf(writers: readonly WriterUse[]): number {
  if (writers.length === 1 || writers.every(({ errorS }) => errorS === 0)) return 1;
  const means = plausible(writers);
  const truth = busiest(writers.map(({ offeredPerS }, i) => offeredPerS * means[i]!));
  const random = createRandom(29, writers.length).uniform;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const ratios = new Float64Array(DRAWS);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    let most = 0;
    for (let i = 0; i < writers.length; i += 1) {
      const { offeredPerS, errorS } = writers[i]!;
      most = Math.max(most, offeredPerS * (means[i]! + errorS * normal()));
    }
    ratios[draw] = most / truth;
  }
  return quantileOf(ratios.sort(), 0.5);
}

/**
 * Seconds a row that the writers plausibly have: posterior means under the prior of greatest likelihood (Kiefer &
 * Wolfowitz 1956), found on a grid by expectation and maximisation (Laird 1978). Measurements that their errors explain
 * come together; groups, and one that is slow, stay apart.
 */
function plausible(writers: readonly WriterUse[]): number[] {
  const values = writers.map(({ rowS }) => rowS);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const grid = Array.from({ length: GRID }, (_, g) => least + ((most - least) * g) / (GRID - 1));
  const likelihoods = writers.map(({ rowS, errorS }) => {
    const error = Math.max(errorS, 1e-9 * rowS);
    const logs = grid.map((value) => -0.5 * ((rowS - value) / error) ** 2);
    const nearest = Math.max(...logs);
    return logs.map((log) => Math.exp(log - nearest));
  });
  let prior = grid.map(() => 1 / GRID);
  let posteriors: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    posteriors = likelihoods.map((likelihood) => {
      const joint = likelihood.map((value, g) => value * prior[g]!);
      const total = joint.reduce((sum, value) => sum + value, 0);
      return joint.map((value) => value / total);
    });
    prior = grid.map((_, g) => posteriors.reduce((sum, posterior) => sum + posterior[g]!, 0) / writers.length);
  }
  return posteriors.map((posterior) => posterior.reduce((sum, weight, g) => sum + weight * grid[g]!, 0));
}
