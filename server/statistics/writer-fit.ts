import type { ShardStatus, WriterTotals } from "../protocol/http.ts";

/** What one shard's writer did between two looks at its totals. */
export interface WriterFit {
  /** Share of the time in which a commit was under way, 0…1. */
  readonly busy: number;
  /** Rows per second at saturation; null when the run cannot tell. */
  readonly limitPerS: number | null;
  /** 95 % interval of the limit; null when nobody can tell. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Whether the limit is the shape's, which holds however little was written. */
  readonly byShape: boolean;
}

/** Fewer commits than this fit nothing. */
const LEAST_COMMITS = 30;
/** 97.5 % quantile of the normal distribution. */
const Z = 1.96;

/** Seconds, and the standard error. */
interface Estimate {
  readonly seconds: number;
  readonly error: number;
}

const difference = (before: WriterTotals, after: WriterTotals): WriterTotals => ({
  commits: after.commits - before.commits,
  rows: after.rows - before.rows,
  seconds: after.seconds - before.seconds,
  ...(after.secondsSquared !== undefined && {
    secondsSquared: after.secondsSquared - (before.secondsSquared ?? 0),
  }),
  rowsSquared: after.rowsSquared - before.rowsSquared,
  rowsSeconds: after.rowsSeconds - before.rowsSeconds,
  maxRows: after.maxRows,
});

/** Variance of the duration of commits; unless it was counted, as much as that of exponential ones. */
function variance({ commits, seconds, secondsSquared }: WriterTotals): number {
  const mean = seconds / commits;
  return secondsSquared === undefined ? mean ** 2 : Math.max(0, secondsSquared / commits - mean ** 2);
}

function meanCommit(totals: WriterTotals): Estimate {
  const { commits, seconds } = totals;
  return commits === 0
    ? { seconds: 0, error: 0 }
    : { seconds: seconds / commits, error: Math.sqrt(variance(totals) / commits) };
}

/**
 * Seconds that a full commit takes, by ordinary least squares over the commits: seconds = a + b·rows, both held ≥ 0 (a
 * commit costs no less for being larger, and none is free). Its standard error is that of the line at `maxRows`: large
 * where commits were few, or far smaller than a full one. It counts commits as independent.
 *
 * @returns null when there were too few commits, or all were of about one size far below `maxRows`
 */
function fullCommit(totals: WriterTotals): Estimate | null {
  const { commits, rows, seconds, rowsSquared, rowsSeconds, maxRows } = totals;
  if (commits < LEAST_COMMITS) return null;
  const meanRows = rows / commits;
  const spread = rowsSquared / commits - meanRows ** 2;
  if (meanRows > 0.9 * maxRows) {
    const full = maxRows / meanRows;
    const mean = meanCommit(totals);
    return { seconds: mean.seconds * full, error: mean.error * full };
  }
  if (spread < 0.01 * meanRows ** 2) return null;
  const b = (rowsSeconds / commits - meanRows * (seconds / commits)) / spread;
  const a = seconds / commits - b * meanRows;
  const rest = Math.max(0, variance(totals) - b ** 2 * spread) * (commits / (commits - 2));
  const error = Math.sqrt((rest / commits) * lineVariance(totals, Math.max(0, b), spread));
  if (b < 0) return { seconds: seconds / commits, error };
  return { seconds: a < 0 ? (seconds / rows) * maxRows : a + b * maxRows, error };
}

/**
 * Variance of the line at `maxRows`, in units of the variance of its mean. With k = (maxRows − mean) ÷ var(rows) that
 * is 1 + k²·var(rows) when all commits scatter alike. Larger ones scatter more: in proportion to what they last, μ +
 * b·d for d rows beyond the mean, it is E[(1 + k·d)²·(μ + b·d)²] ÷ E[(μ + b·d)²] (White 1980), with d taken as
 * symmetric and its fourth moment as twice the square of its variance, between those of uniform and normal sizes. The
 * larger of the two counts.
 */
function lineVariance({ commits, rows, seconds, maxRows }: WriterTotals, b: number, spread: number): number {
  const k = (maxRows - rows / commits) / spread;
  const mean = seconds / commits;
  const scatter = mean ** 2 + b ** 2 * spread;
  const byLength = scatter + 4 * k * mean * b * spread + k ** 2 * (mean ** 2 * spread + 2 * b ** 2 * spread ** 2);
  return Math.max(1 + k ** 2 * spread, byLength / scatter);
}

/**
 * Fits the writer of one shard. A shaped shard's commits last at least as long as its shape says, and when nothing was
 * measured the shape alone gives the limit.
 *
 * @param wallS seconds between the two looks in which the writer could work, > 0
 */
export function fitWriter(
  before: WriterTotals,
  after: Pick<ShardStatus, "shaped" | "writer">,
  wallS: number,
): WriterFit {
  const totals = difference(before, after.writer);
  const shape = (after.shaped?.commitMs ?? 0) / 1_000;
  const mean = meanCommit(totals);
  // A commit that waits out its shape lasts as long with one row as with many: a slope would be the timers' noise.
  const waitsOut = shape > 0 && mean.seconds < 1.25 * shape;
  const fit = waitsOut ? mean : fullCommit(totals);
  const { seconds, error } = fit ?? { seconds: 0, error: 0 };
  const longest = Math.max(shape, seconds + Z * error);
  // A full commit takes no less than a mean one.
  const shortest = Math.max(shape, Math.min(seconds, mean.seconds), seconds - Z * error);
  const full = Math.max(shape, seconds);
  return {
    busy: Math.min(1, totals.seconds / wallS),
    limitPerS: full > 0 ? totals.maxRows / full : null,
    interval: fit !== null && full > 0 ? { low: totals.maxRows / longest, high: totals.maxRows / shortest } : null,
    byShape: waitsOut,
  };
}
