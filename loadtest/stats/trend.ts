/** A straight line through a series, with its 95 % interval. */
export interface Trend {
  /** Per unit of x. */
  readonly slope: number;
  readonly low: number;
  readonly high: number;
  /** Mean of the series. */
  readonly level: number;
}

/** Means of so many stretches stand for the series: neighbouring samples of a heap are not independent. */
const BLOCKS = 20;
/** Student's t, 97.5 %, for 18 degrees of freedom. */
const T = 2.101;

/**
 * Ordinary least squares over the means of 20 stretches of equal length, which takes the saw-tooth of garbage
 * collection and most of the dependence of neighbours out of the interval (A. Law, Simulation Modeling and Analysis, on
 * batch means).
 *
 * @param points by ascending x
 * @returns null below 40 points: a trend would be a guess
 */
export function trendOf(points: readonly (readonly [x: number, y: number])[]): Trend | null {
  if (points.length < 2 * BLOCKS) return null;
  const blocks = Array.from({ length: BLOCKS }, (_, block) => {
    const from = Math.floor((block * points.length) / BLOCKS);
    const part = points.slice(from, Math.floor(((block + 1) * points.length) / BLOCKS));
    return [mean(part.map(([x]) => x)), mean(part.map(([, y]) => y))] as const;
  });
  const centre = mean(blocks.map(([x]) => x));
  const level = mean(blocks.map(([, y]) => y));
  const spread = blocks.reduce((sum, [x]) => sum + (x - centre) ** 2, 0);
  const slope = blocks.reduce((sum, [x, y]) => sum + (x - centre) * (y - level), 0) / spread;
  const rest = blocks.reduce((sum, [x, y]) => sum + (y - level - slope * (x - centre)) ** 2, 0);
  const error = T * Math.sqrt(rest / (BLOCKS - 2) / spread);
  return { slope, low: slope - error, high: slope + error, level };
}

/** Growth of so much of its level over the second half is told of; less does no harm to anybody. */
const LEAST_GROWTH = 0.02;

/**
 * Whether a series keeps growing: it rises over the whole and over the second half, for certain, and by over 2 % in
 * that half. Growth that stops, as of caches that fill up, is no leak.
 */
export function keepsGrowing(points: readonly (readonly [x: number, y: number])[]): boolean {
  const half = points.slice(points.length >> 1);
  const [whole, late] = [trendOf(points), trendOf(half)];
  if (whole === null || late === null) return false;
  const length = half.at(-1)![0] - half[0]![0];
  return whole.low > 0 && late.low > 0 && late.slope * length > LEAST_GROWTH * late.level;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
