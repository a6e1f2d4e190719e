/** Dialogs that are thrown together: `dialogs` of them, each as heavy as `weight` messages. */
export interface WeightClass {
  readonly weight: number;
  readonly dialogs: number;
}

/** The same of dialogs that have messages in each of several parts of a run. */
export interface VectorClass {
  /** Messages of each of them by part. */
  readonly weights: Float64Array;
  readonly dialogs: number;
}

/** Thrown one by one; each may move max/mean on its own. */
const HEAVIEST = 256;
/** Light dialogs whose weights differ by less than this factor share a class. */
const WIDTH = 1.25;

/** The lightest weight of the class of this one. */
const leastOf = (weight: number): number => WIDTH ** Math.floor(Math.log(weight) / Math.log(WIDTH));

/**
 * Groups dialogs for a simulation whose time must not grow with their number. The heaviest 256 stay as they are. The
 * rest is bucketed by weight; a bucket becomes n equal dialogs that keep its total and (but for the rounding of n) its
 * sum of squares, so the mean and the variance of what a shard receives are those of the real weights.
 *
 * @param counts messages per dialog, > 0, in any order
 */
export function weightClasses(counts: readonly number[]): WeightClass[] {
  const ranked = Float64Array.from(counts).sort().reverse();
  const heavy = new Map<number, number>();
  for (const count of ranked.subarray(0, HEAVIEST)) heavy.set(count, (heavy.get(count) ?? 0) + 1);
  const light: WeightClass[] = [];
  for (let from = HEAVIEST; from < ranked.length;) {
    const least = leastOf(ranked[from]!);
    let total = 0;
    let squares = 0;
    let at = from;
    // The first always belongs, whatever the logarithm was rounded to.
    for (; at < ranked.length && (at === from || ranked[at]! >= least); at += 1) {
      total += ranked[at]!;
      squares += ranked[at]! ** 2;
    }
    const dialogs = Math.max(1, Math.round((total * total) / squares));
    light.push({ weight: total / dialogs, dialogs });
    from = at;
  }
  return [...[...heavy].map(([weight, dialogs]) => ({ weight, dialogs })), ...light];
}

/**
 * As `weightClasses`, by total weight. The dialogs of a class are equal, with the mean weights of those in it: every
 * part keeps its total.
 *
 * @param vectors messages of each dialog by part, of equal length
 */
export function vectorClasses(vectors: readonly Float64Array[]): VectorClass[] {
  const ranked = vectors
    .map((weights) => ({ weights, total: weights.reduce((a, b) => a + b, 0) }))
    .sort((a, b) => b.total - a.total);
  const classes: VectorClass[] = ranked.slice(0, HEAVIEST).map(({ weights }) => ({ weights, dialogs: 1 }));
  for (let from = HEAVIEST; from < ranked.length;) {
    const least = leastOf(ranked[from]!.total);
    const totals = new Float64Array(ranked[from]!.weights.length);
    let [total, squares] = [0, 0];
    let at = from;
    for (; at < ranked.length && (at === from || ranked[at]!.total >= least); at += 1) {
      ranked[at]!.weights.forEach((weight, part) => (totals[part]! += weight));
      total += ranked[at]!.total;
      squares += ranked[at]!.total ** 2;
    }
    const dialogs = Math.max(1, Math.round((total * total) / squares));
    classes.push({ weights: totals.map((sum) => sum / dialogs), dialogs });
    from = at;
  }
  return classes;
}
