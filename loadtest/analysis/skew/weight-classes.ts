import { sum } from "d3-array";

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

/** Ranks, from one up to another, whose dialogs share a class. */
interface Run {
  readonly from: number;
  readonly to: number;
  /** Messages of all of them. */
  readonly total: number;
  /** Equal dialogs that have the same total and, but for rounding, the same sum of squares. */
  readonly dialogs: number;
}

/** @param ranked weights of all dialogs, descending; the heaviest are passed over */
function lightRuns(ranked: Float64Array): Run[] {
  const runs: Run[] = [];
  for (let from = HEAVIEST, to = from; from < ranked.length; from = to) {
    const least = WIDTH ** Math.floor(Math.log(ranked[from]!) / Math.log(WIDTH));
    let [total, squares] = [0, 0];
    // The first always belongs, whatever the logarithm was rounded to.
    for (; to < ranked.length && (to === from || ranked[to]! >= least); to += 1) {
      total += ranked[to]!;
      squares += ranked[to]! ** 2;
    }
    runs.push({ from, to, total, dialogs: Math.max(1, Math.round((total * total) / squares)) });
  }
  return runs;
}

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
  const light = lightRuns(ranked).map(({ total, dialogs }) => ({ weight: total / dialogs, dialogs }));
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
  const heavy = ranked.slice(0, HEAVIEST).map(({ weights }) => ({ weights, dialogs: 1 }));
  const light = lightRuns(Float64Array.from(ranked, ({ total }) => total)).map(({ from, to, dialogs }) => {
    const all = ranked.slice(from, to).map(({ weights }) => weights);
    return { weights: all[0]!.map((_, part) => sum(all, (weights) => weights[part]) / dialogs), dialogs };
  });
  return [...heavy, ...light];
}
