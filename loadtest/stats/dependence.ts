import { studentQuantile, studentTail } from "./student.ts";

/**
 * Standard error of a figure, and what its uncertainty is worth: Student's distribution with so many degrees of
 * freedom.
 */
export interface StandardError {
  readonly error: number;
  readonly freedom: number;
}

/**
 * Ways in which cells may be correlated: of a cell's variance the share `common` passes from one cell to the next,
 * weakened to `memory` each time (a first-order autoregression), and the rest is its own.
 */
const MEMORIES = [0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.93];
const COMMON = [0.3, 0.6, 1];

/**
 * Belief in cells that are not correlated at all, before the data. Chosen by simulation (`docs/compare.md`): more of
 * it makes intervals of independent seconds narrower, and those of 20 dependent ones miss more often.
 */
const INDEPENDENT = 0.5;

/** Tails at which Student's distribution is made to fit: those of a 95 % interval, and of one of many figures. */
const NEAR = 0.025;
const FAR = 0.001;

/** Ways that are less likely than this do not show in a tail of `FAR`. */
const LEAST_CHANCE = 1e-6;

/** One way, with its Kalman filter, which does not depend on the data. */
interface Way {
  readonly logPrior: number;
  readonly memory: number;
  readonly gain: Float64Array;
  /** 1 ÷ the variance of each innovation. */
  readonly weight: Float64Array;
  /** What the filter leaves of a constant 1. */
  readonly unit: Float64Array;
  /** Σ unit² · weight. */
  readonly information: number;
  /** −½ (Σ ln variance + ln information). */
  readonly logConstant: number;
  /** Variance of the sum of all cells, of cells with variance 1. */
  readonly ofSum: number;
}

function wayOf(cells: number, memory: number, common: number, logPrior: number): Way {
  const [gain, weight, unit] = [new Float64Array(cells), new Float64Array(cells), new Float64Array(cells)];
  let [variance, state, information, logs, ofSum] = [common, 0, 0, 0, cells];
  for (let i = 0; i < cells; i += 1) {
    const all = variance + (1 - common);
    gain[i] = variance / all;
    weight[i] = 1 / all;
    unit[i] = 1 - state;
    state = memory * (state + gain[i]! * unit[i]!);
    variance = memory ** 2 * variance * (1 - gain[i]!) + common * (1 - memory ** 2);
    information += unit[i]! ** 2 * weight[i]!;
    logs += Math.log(all);
    if (i > 0) ofSum += 2 * (cells - i) * common * memory ** i;
  }
  return {
    logPrior,
    memory,
    gain,
    weight,
    unit,
    information,
    logConstant: -(logs + Math.log(information)) / 2,
    ofSum,
  };
}

/** Sum of squares of a series that varies around an unknown level, in the measure of one way. */
function squaresOf({ memory, gain, weight, unit, information }: Way, values: Float64Array): number {
  let [state, squares, level] = [0, 0, 0];
  for (let i = 0; i < values.length; i += 1) {
    const innovation = values[i]! - state;
    squares += innovation ** 2 * weight[i]!;
    level += innovation * unit[i]! * weight[i]!;
    state = memory * (state + gain[i]! * innovation);
  }
  return squares - level ** 2 / information;
}

/** ln P(T > t) by ln t, read from a table: it is nearly straight there. */
type LogTail = (logT: number) => number;

const FIRST = -6;
const STEP = 0.05;

function logTailOf(freedom: number): LogTail {
  const table = Float64Array.from({ length: 300 }, (_, i) =>
    Math.log(studentTail(Math.exp(FIRST + STEP * i), freedom)),
  );
  return (logT) => {
    const place = Math.max(0, Math.min(table.length - 2, (logT - FIRST) / STEP));
    const i = Math.floor(place);
    return table[i]! + (place - i) * (table[i + 1]! - table[i]!);
  };
}

/** Logarithms of the scales of Student's distributions, and how likely each is. */
interface Mixture {
  readonly logScales: readonly number[];
  readonly weights: readonly number[];
}

/** The t that a mixture of Student's distributions exceeds with the chance `tail`, to a thousandth of itself. */
function mixtureQuantile({ logScales, weights }: Mixture, tail: number, single: number, logTail: LogTail): number {
  let [low, high] = [Math.log(single) + Math.min(...logScales), Math.log(single) + Math.max(...logScales)];
  while (high - low > 1e-3) {
    const middle = (low + high) / 2;
    const beyond = logScales.reduce((sum, scale, i) => sum + weights[i]! * Math.exp(logTail(middle - scale)), 0);
    if (beyond > tail) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** Degrees of freedom from 0.7 on, the ratio of the far to the near quantile, and the near one. */
let table: readonly { freedom: number; ratio: number; near: number }[] | null = null;

function fitStudent(near: number, far: number, most: number): StandardError {
  table ??= Array.from({ length: 60 }, (_, i) => {
    const freedom = 0.7 * 1.09 ** i;
    const quantile = studentQuantile(NEAR, freedom);
    return { freedom, ratio: studentQuantile(FAR, freedom) / quantile, near: quantile };
  });
  const row = table.find(({ ratio }) => ratio <= far / near);
  if (row === undefined || row.freedom >= most) return { error: near / studentQuantile(NEAR, most), freedom: most };
  return { error: near / row.near, freedom: row.freedom };
}

/** What a series says of each way: the logarithm of its likelihood, and the scale of the sum if it were so. */
export interface Evidence {
  readonly logs: readonly number[];
  readonly scales: readonly number[];
}

/** Of series of so many cells. */
export interface Dependence {
  /** @param parts what each cell adds to the sum; around any level */
  evidenceOf(parts: Float64Array): Evidence;
  /**
   * How likely each way is, by all these series together: of series that are correlated likewise, and independent of
   * each other.
   */
  chancesOf(evidence: readonly Evidence[]): Float64Array;
  /** @param chances of each way, of the sum 1 */
  errorOf(evidence: Evidence, chances: Float64Array): StandardError;
}

/**
 * Standard errors of sums over neighbouring cells whose correlation is not known: for each way in which
 * they may (first-order autoregression, and noise of each cell's own) the likelihood of what was seen is that of a
 * Gaussian series of unknown level and variance (Harvey, Forecasting, Structural Time Series Models and the Kalman
 * Filter, 1989, section 3.4; level and variance are integrated out with their usual flat priors), and the sum has
 * Student's distribution. The ways are averaged by their posterior chances (Hoeting, Madigan, Raftery & Volinsky,
 * Statist. Sci. 14, 1999), and Student's distribution is fitted to two quantiles of the average. A short run cannot
 * rule out dependence, and its intervals are wider for it; the best single estimate of the dependence would be too
 * small where it matters (Kendall, Biometrika 41, 1954).
 *
 * @param cells at least 3
 */
export function createDependence(cells: number): Dependence {
  const dependent = Math.log((1 - INDEPENDENT) / (MEMORIES.length * COMMON.length));
  const ways = [
    wayOf(cells, 0, 0, Math.log(INDEPENDENT)),
    ...MEMORIES.flatMap((memory) => COMMON.map((common) => wayOf(cells, memory, common, dependent))),
  ];
  const freedom = cells - 1;
  const logTail = logTailOf(freedom);
  const [near, far] = [NEAR, FAR].map((tail) => studentQuantile(tail, freedom)) as [number, number];
  return {
    evidenceOf(parts) {
      if (parts.every((part) => part === 0)) return { logs: ways.map(() => 0), scales: ways.map(() => 0) };
      const squares = ways.map((way) => squaresOf(way, parts));
      return {
        logs: ways.map(({ logConstant }, i) => logConstant - (freedom / 2) * Math.log(squares[i]!)),
        scales: ways.map(({ ofSum }, i) => Math.sqrt((squares[i]! / freedom) * ofSum)),
      };
    },
    chancesOf(evidence) {
      const logs = ways.map(({ logPrior }, i) => evidence.reduce((sum, one) => sum + one.logs[i]!, logPrior));
      const most = Math.max(...logs);
      const chances = Float64Array.from(logs, (log) => Math.exp(log - most));
      const total = chances.reduce((sum, chance) => sum + chance, 0);
      return chances.map((chance) => chance / total);
    },
    errorOf({ scales }, chances) {
      if (scales[0] === 0) return { error: 0, freedom };
      const kept = [...ways.keys()].filter((i) => chances[i]! > LEAST_CHANCE);
      const mixture = { logScales: kept.map((i) => Math.log(scales[i]!)), weights: kept.map((i) => chances[i]!) };
      const quantile = (tail: number, single: number) => mixtureQuantile(mixture, tail, single, logTail);
      return fitStudent(quantile(NEAR, near), quantile(FAR, far), freedom);
    },
  };
}
