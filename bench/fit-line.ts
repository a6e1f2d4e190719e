/** A straight line through measured points. */
export interface Line {
  /** Of all y. */
  readonly mean: number;
  /** Change of y for 1 of x. */
  readonly slope: number;
  /** Half the width of the slope's 95 % interval. */
  readonly slopeError: number;
}

/** Two-sided 95 % of Student's distribution for 1, 2, … degrees of freedom; from ten on it is at most the last. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

/**
 * Least squares through three points or more, with the standard error of the slope (Draper & Smith, Applied Regression Analysis, 1998, 1.4). Points
 * that follow each other closely are not independent: then the interval is too narrow.
 */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length;
  const mean = (pick: 0 | 1) => points.reduce((sum, point) => sum + point[pick], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
  const slope = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0) / spread;
  const residual = points.reduce((sum, [px, py]) => sum + (py - y - slope * (px - x)) ** 2, 0);
  const freedom = Math.max(1, n - 2);
  const student = STUDENT[Math.min(freedom, STUDENT.length) - 1] ?? 0;
  return { mean: y, slope, slopeError: student * Math.sqrt(residual / freedom / spread) };
}
