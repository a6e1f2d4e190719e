import { sum } from "d3-array";
import type { Figure } from "./compare.ts";

/** Messages per dialog, heaviest first. */
export type DialogCounts = readonly { readonly dialog: string; readonly count: number }[];

/** A dialog with less than this share of the messages in both runs is not hot. */
const LEAST_SHARE = 0.01;
/** And with fewer messages than this its share is chance. */
const LEAST_COUNT = 100;

/**
 * The shares of the dialogs that are hot in either run. Who writes is drawn afresh for every message, so a count is
 * binomial and the variance of the logarithm of a share is (1 − p) ÷ n·p in each run (the delta method; Katz, Baptista,
 * Azen & Pike, Biometrics 34, 1978). Half a message is added to each count, so that a dialog may be absent from one.
 */
export function hotDialogFigures(a: DialogCounts | null, b: DialogCounts | null): Figure[] {
  if (a === null || b === null) return [];
  const [all, allOfB] = [a, b].map((counts) => sum(counts, ({ count }) => count));
  const hot = (counts: DialogCounts, total: number) =>
    counts.filter(({ count }) => count >= LEAST_COUNT && count >= LEAST_SHARE * total).map(({ dialog }) => dialog);
  const names = [...new Set([...hot(a, all!), ...hot(b, allOfB!)])];
  const countIn = (counts: DialogCounts) => {
    const found = new Map(names.map((name) => [name, 0]));
    for (const { dialog, count } of counts) if (found.has(dialog)) found.set(dialog, count);
    return found;
  };
  const [left, right] = [countIn(a), countIn(b)];
  return names.map((dialog) => {
    const [from, to] = [share(left.get(dialog)!, all!), share(right.get(dialog)!, allOfB!)];
    return {
      metric: "dialog.share",
      shard: null,
      dialog,
      a: from.p,
      b: to.p,
      change: Math.log(to.p / from.p),
      error: Math.sqrt(from.variance + to.variance),
      freedom: 1_000,
    };
  });
}

function share(count: number, total: number): { p: number; variance: number } {
  const p = Math.min(1, (count + 0.5) / (total + 0.5));
  return { p, variance: (1 - p) / (count + 0.5) };
}
