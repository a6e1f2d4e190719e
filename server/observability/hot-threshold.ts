/** A hot dialog makes the fullest shard larger than so many times the mean, though all else is even. */
const TARGET = 1.25;
/** Fewer messages of a dialog in one window say nothing. */
const FEWEST = 50;

/**
 * Share of the messages from which on a dialog is hot. One with share p, on one of n shards among which the rest is
 * even, makes max/mean 1 + p·(n − 1).
 *
 * @returns 0 … ∞; infinite when there is one shard, which nothing can relieve
 */
export function hotThreshold(shards: number): number {
  return (TARGET - 1) / (shards - 1);
}

/** Judges by the least that a dialog can have, so that an error of the counters names none. */
export function isHot(threshold: number) {
  return (dialog: {
    readonly count: number;
    readonly countError: number;
    readonly share: number;
    readonly error: number;
  }) => dialog.share - dialog.error >= threshold && dialog.count - dialog.countError >= FEWEST;
}
