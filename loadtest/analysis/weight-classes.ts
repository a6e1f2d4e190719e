/** Dialogs that are thrown together: `dialogs` of them, each as heavy as `weight` messages. */
export interface WeightClass {
  readonly weight: number;
  readonly dialogs: number;
}

/** Thrown one by one; each may move max/mean on its own. */
const HEAVIEST = 256;
/** Light dialogs whose weights differ by less than this factor share a class. */
const WIDTH = 1.25;

/**
 * Groups dialogs for a simulation whose time must not grow with their number. The heaviest 256 stay as they are. The
 * rest is bucketed by weight; a bucket becomes n equal dialogs that keep its total and (but for the rounding of n) its
 * sum of squares, so the mean and the variance of what a shard receives are those of the real weights.
 *
 * @param counts messages per dialog, > 0, in any order
 */
export function weightClasses(counts: ArrayLike<number>): WeightClass[] {
  const ranked = Float64Array.from(counts).sort().reverse();
  const heavy = new Map<number, number>();
  const buckets = new Map<number, { total: number; squares: number }>();
  ranked.forEach((count, rank) => {
    if (rank < HEAVIEST) {
      heavy.set(count, (heavy.get(count) ?? 0) + 1);
      return;
    }
    const key = Math.floor(Math.log(count) / Math.log(WIDTH));
    const bucket = buckets.get(key) ?? { total: 0, squares: 0 };
    bucket.total += count;
    bucket.squares += count * count;
    buckets.set(key, bucket);
  });
  const light = [...buckets.values()].map(({ total, squares }) => {
    const dialogs = Math.max(1, Math.round((total * total) / squares));
    return { weight: total / dialogs, dialogs };
  });
  return [...[...heavy].map(([weight, dialogs]) => ({ weight, dialogs })), ...light];
}
