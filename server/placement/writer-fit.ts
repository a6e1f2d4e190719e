import type { ShardStatus, WriterTotals } from "../protocol/http.ts";

/** What one shard's writer did between two looks at its totals. */
export interface WriterFit {
  /** Share of the time in which a commit was under way, 0…1. */
  readonly busy: number;
  /** Rows per second at saturation; null when the run cannot tell. */
  readonly limitPerS: number | null;
}

/** Fewer commits than this fit nothing. */
const LEAST_COMMITS = 30;

const difference = (before: WriterTotals, after: WriterTotals): WriterTotals => ({
  commits: after.commits - before.commits,
  rows: after.rows - before.rows,
  seconds: after.seconds - before.seconds,
  rowsSquared: after.rowsSquared - before.rowsSquared,
  rowsSeconds: after.rowsSeconds - before.rowsSeconds,
  maxRows: after.maxRows,
});

/**
 * Seconds that a full commit takes, by ordinary least squares over the commits: seconds = a + b·rows, both held ≥ 0 (a
 * commit costs no less for being larger, and none is free).
 *
 * @returns null when there were too few commits, or all were of about one size far below `maxRows`
 */
function fullCommitSeconds(totals: WriterTotals): number | null {
  const { commits, rows, seconds, rowsSquared, rowsSeconds, maxRows } = totals;
  if (commits < LEAST_COMMITS) return null;
  const meanRows = rows / commits;
  const spread = rowsSquared / commits - meanRows ** 2;
  if (meanRows > 0.9 * maxRows) return (seconds / rows) * maxRows;
  if (spread < 0.01 * meanRows ** 2) return null;
  const b = (rowsSeconds / commits - meanRows * (seconds / commits)) / spread;
  const a = seconds / commits - b * meanRows;
  if (b < 0) return seconds / commits;
  return a < 0 ? (seconds / rows) * maxRows : a + b * maxRows;
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
  const mean = totals.commits > 0 ? totals.seconds / totals.commits : 0;
  // A commit that waits out its shape lasts as long with one row as with many: a slope would be the timers' noise.
  const waitsOut = shape > 0 && mean < 1.25 * shape;
  const seconds = Math.max(shape, waitsOut ? mean : (fullCommitSeconds(totals) ?? 0));
  return {
    busy: Math.min(1, totals.seconds / wallS),
    limitPerS: seconds > 0 ? totals.maxRows / seconds : null,
  };
}
