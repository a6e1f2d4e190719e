import type { ComparedRun } from "./comparable.ts";
import { commonLabels, comparisonOf, figureSet, type CompareOptions } from "./compare.ts";
import type { Comparison } from "./comparison.ts";
import { createLogValues } from "../slices/measures.ts";

/** Fewer rounds leave too few degrees of freedom to tell anything. */
export const LEAST_ROUNDS = 4;

/** One run of each setting, one right after the other. */
export interface Round {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  readonly first: "a" | "b";
}

/** Which setting goes first: a b, b a, a b, … */
export const firstOf = (round: number): "a" | "b" => (round % 2 === 0 ? "a" : "b");

/**
 * Compares two settings that took turns. Of each round only the difference B − A counts (of logarithms), so whatever both
 * runs of a round had in common is gone; and as the turns change, a steady drift adds to the rounds in which A was first
 * what it takes from the others. Both are fitted: d = μ + g·o with o = ±1 for the order, by least squares; the error of μ
 * has n − 2 degrees of freedom (Jones & Kenward, Design and Analysis of Cross-Over Trials, 3rd ed. 2014, chapter 2: the
 * period effect). The noise is that between rounds, not that inside a run (Kalibera & Jones, ISMM 2013).
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
  return comparisonOf({ method: "interleaved", rounds: rounds.length, ...sides, skipped }, figures, options);
}

function logsOf({ series }: ComparedRun): Float64Array {
  return createLogValues(series)(new Float64Array(series.seconds.length).fill(1));
}

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
