import type { WriterTotals } from "../protocol/http.ts";

/** Sums over the commits that ended well, for the fit of what a row and a commit cost. @param maxRows of one commit */
export function createWriterTotals(maxRows: number) {
  const totals = { commits: 0, rows: 0, seconds: 0, secondsSquared: 0, rowsSquared: 0, rowsSeconds: 0, maxRows };
  return {
    add(rows: number, seconds: number): void {
      totals.commits += 1;
      totals.rows += rows;
      totals.seconds += seconds;
      totals.secondsSquared += seconds * seconds;
      totals.rowsSquared += rows * rows;
      totals.rowsSeconds += rows * seconds;
    },
    read: (): WriterTotals => ({ ...totals }),
  };
}
