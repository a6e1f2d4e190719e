import type { ComparedRun } from "./comparable.ts";
import { commonLabels, comparisonOf, figureSet, type CompareOptions, type Figure } from "./compare.ts";
import type { Comparison } from "../../analysis/result/comparison.ts";
import { FAILURES } from "../../analysis/result/comparison.ts";
import { failedShareOf } from "./failures.ts";
import { detectableChange } from "./power.ts";
import { takeMeasures } from "../../analysis/slices/measures.ts";

/** Fewer rounds leave too few degrees of freedom to tell anything. */
export const LEAST_ROUNDS = 6;

/** One run of each setting, one right after the other. */
export interface Round {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  readonly first: "a" | "b";
}

/** Which setting goes first: a b, b a, a b, … */
export const firstOf = (round: number): "a" | "b" => (round % 2 === 0 ? "a" : "b");

/**
 * Compares two settings that took turns. Of each round only the difference B − A counts (of logarithms), so whatever
 * both runs of a round had in common is gone; and as the turns change, a steady drift adds to the rounds in which A was
 * first what it takes from the others. Both are fitted: d = μ + g·o with o = ±1 for the order, by least squares; the
 * error of μ has n − 2 degrees of freedom (Jones & Kenward, Design and Analysis of Cross-Over Trials, 3rd ed. 2014,
 * chapter 2: the period effect). The noise is that between rounds, not that inside a run (Kalibera & Jones, ISMM 2013).
 *
 * @param rounds an even number, at least `LEAST_ROUNDS`, the turns changing
 */
export function compareInterleaved(rounds: readonly Round[], options: CompareOptions): Comparison {
  const [{ a, b }] = rounds as readonly [Round];
  const labels = commonLabels(a, b);
  const logs = rounds.map((round) => ({
    a: logsOf(round.a),
    b: logsOf(round.b),
    order: round.first === "a" ? 1 : -1,
  }));
  const sides = { a: rounds.map((round) => round.a), b: rounds.map((round) => round.b) };
  const { figures, skipped } = figureSet(sides, labels, (i) => {
    const change = fit(logs.map((one) => ({ difference: one.b[i]! - one.a[i]!, order: one.order })));
    const mean = (side: "a" | "b") => Math.exp(logs.reduce((sum, one) => sum + one[side][i]!, 0) / logs.length);
    return { a: mean("a"), b: mean("b"), ...change };
  });
  const noise = noiseOf(figures, rounds.length, options);
  const all = [...failuresOf(rounds), ...figures];
  return comparisonOf({ method: "interleaved", rounds: rounds.length, noise, ...sides, skipped }, all, options);
}

/** The rounds show how failures vary, and counts how little is known of them where none varies. */
function failuresOf(rounds: readonly Round[]): Figure[] {
  const shares = rounds.map(({ a, b, first }) => ({ a: failedShareOf(a), b: failedShareOf(b), first }));
  const known = shares.flatMap(({ a, b, first }) => (a === null || b === null ? [] : [{ a, b, first }]));
  if (known.length < rounds.length) return [];
  const { error, ...fitted } = fit(
    known.map(({ a, b, first }) => ({ difference: b.share - a.share, order: first === "a" ? 1 : -1 })),
  );
  const least = Math.sqrt(known.reduce((sum, { a, b }) => sum + a.least ** 2 + b.least ** 2, 0)) / known.length;
  const mean = (side: "a" | "b") => known.reduce((sum, one) => sum + one[side].share, 0) / known.length;
  return [{ ...FAILURES, a: mean("a"), b: mean("b"), ...fitted, error: Math.max(error, least) }];
}

/** Of the figures of all shards; null when there are none. */
function noiseOf(figures: readonly Figure[], rounds: number, options: CompareOptions): Comparison["noise"] {
  const errors = figures.flatMap(({ error, shard }) => (shard === null ? [error] : [])).sort((a, b) => a - b);
  const middle = errors[Math.floor(errors.length / 2)];
  if (middle === undefined) return null;
  const share = Math.expm1(middle * Math.sqrt(rounds / 2));
  return { share, detectable: detectableChange(rounds, share, options) };
}

const logsOf = ({ series }: ComparedRun): number[] => takeMeasures(series).map(({ log }) => log);

interface Paired {
  readonly difference: number;
  readonly order: number;
}

/** As many rounds of either order: the two estimates do not depend on each other. */
function fit(pairs: readonly Paired[]): { change: number; error: number; freedom: number } {
  const n = pairs.length;
  const change = pairs.reduce((sum, { difference }) => sum + difference, 0) / n;
  const drift = pairs.reduce((sum, { difference, order }) => sum + difference * order, 0) / n;
  const squares = pairs.reduce((sum, { difference, order }) => sum + (difference - change - drift * order) ** 2, 0);
  return { change, error: Math.sqrt(squares / (n - 2) / n), freedom: n - 2 };
}
