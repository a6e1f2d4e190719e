import { count } from "../../stats/format.ts";
import type { StandardError } from "../../stats/dependence.ts";
import { estimatesOf, unknownOf, type Estimate as RunEstimate } from "../../analysis/slices/estimates.ts";
import { packageVersion } from "../../system/version.ts";
import { ALLOWABLE, differencesOf, obstaclesOf, type ComparedRun, type Obstacle } from "./comparable.ts";
import type { Change, Comparison, Outcome } from "../../analysis/result/comparison.ts";
import { decide, decideInStages, type Decision, type Estimate } from "./decide.ts";
import { FAILURES } from "../../analysis/result/comparison.ts";
import { FAILURES_TOLERANCE, failedShareOf } from "./failures.ts";
import { hotDialogFigures, type DialogCounts } from "./hot-dialogs.ts";
import { leastSamples, measuresOf, samplesOf } from "../../analysis/slices/measures.ts";
import { machinesOf } from "../../report/words/machines.ts";

export interface CompareOptions {
  /** That two runs of the same thing are told to be no different, above 0 and below 1. */
  readonly confidence: number;
  /** Changes below this share of a figure are ignored, ≥ 0. */
  readonly tolerance: number;
  /** Nor are changes of a duration below this, ms, ≥ 0. */
  readonly toleranceMs: number;
  /** Obstacles that the reader takes upon himself: codes of `ALLOWABLE`. */
  readonly allow: ReadonlySet<string>;
}

export const DEFAULT_COMPARE: CompareOptions = { confidence: 0.95, tolerance: 0.05, toleranceMs: 1, allow: new Set() };

/**
 * A figure of both sides before anything is decided; `a` and `b` are no logarithms. The change is that of logarithms,
 * of `failures` the plain difference.
 */
export interface Figure {
  readonly metric: string;
  readonly shard: string | null;
  readonly dialog: string | null;
  readonly a: number;
  readonly b: number;
  readonly change: number;
  readonly error: number;
  readonly freedom: number;
}

/** What stands in the way, and what of it the reader allowed. */
export function sift(
  a: ComparedRun,
  b: ComparedRun,
  allow: ReadonlySet<string>,
): { refused: Obstacle[]; allowed: Obstacle[] } {
  const all = obstaclesOf(a, b);
  const isAllowed = ({ code }: Obstacle) => ALLOWABLE.has(code) && allow.has(code);
  return { refused: all.filter((one) => !isAllowed(one)), allowed: all.filter(isAllowed) };
}

/**
 * Compares two runs that `sift` lets pass. Their noise is that of their own time slices, however much these hang
 * together.
 */
export function compareRuns(
  a: ComparedRun & { readonly dialogs: DialogCounts | null },
  b: ComparedRun & { readonly dialogs: DialogCounts | null },
  options: CompareOptions,
): Comparison {
  const labels = commonLabels(a, b);
  const [left, right] = estimatesOf([a.series, b.series]);
  const sides = { a: [a], b: [b] };
  const { figures, skipped } = figureSet(sides, labels, (i) => welch(left![i]!, right![i]!));
  const all = [...failuresOf(a, b), ...figures, ...hotDialogFigures(a.dialogs, b.dialogs)];
  return comparisonOf({ method: "two runs", rounds: 1, noise: null, ...sides, skipped }, all, options);
}

/** Labels of the shards that can be held against each other: none when the sets are not the same. */
export function commonLabels({ series: a }: ComparedRun, { series: b }: ComparedRun): readonly string[] {
  return a.labels.join(" ") === b.labels.join(" ") ? a.labels : [];
}

type Compared = Pick<Figure, "a" | "b" | "change" | "error" | "freedom">;

function welch(a: RunEstimate, b: RunEstimate): Compared | string {
  const unknown = unknownOf(a) ?? unknownOf(b);
  if (unknown !== null) return unknown;
  return { a: Math.exp(a.log), b: Math.exp(b.log), change: b.log - a.log, ...together(a, b) };
}

/** The two errors together, with the degrees of freedom of Welch and Satterthwaite (Welch, Biometrika 34, 1947). */
function together(a: StandardError, b: StandardError): StandardError {
  const [left, right] = [a.error ** 2, b.error ** 2];
  const both = left + right;
  const freedom = both === 0 ? a.freedom + b.freedom : both ** 2 / (left ** 2 / a.freedom + right ** 2 / b.freedom);
  return { error: Math.sqrt(both), freedom };
}

function failuresOf(a: ComparedRun, b: ComparedRun): Figure[] {
  const [left, right] = [failedShareOf(a), failedShareOf(b)];
  if (left === null || right === null) return [];
  return [{ ...FAILURES, a: left.share, b: right.share, change: right.share - left.share, ...together(left, right) }];
}

/**
 * The figures of `measuresOf` that rest on enough samples, and those that do not.
 *
 * @param compare figure i of A with that of B, or why that cannot be said, as words after "it "
 */
export function figureSet(
  { a, b }: Pick<Sides, "a" | "b">,
  labels: readonly string[],
  compare: (i: number) => Compared | string,
): { figures: Figure[]; skipped: Comparison["skipped"] } {
  const [left, right] = [a, b].map((runs) => runs.map(({ series }) => samplesOf(series)));
  const figures: Figure[] = [];
  const skipped: Comparison["skipped"] = [];
  measuresOf(labels).forEach((measure, i) => {
    const total = (runs: readonly number[][]) => runs.reduce((sum, samples) => sum + samples[i]!, 0);
    // A shard that gets nothing any more is the change to tell; durations it has none.
    const fewer = measure.metric === "throughput" ? Math.max : Math.min;
    const [samples, least] = [fewer(total(left!), total(right!)), leastSamples(measure)];
    if (samples < least) {
      skipped.push({ ...measure, reason: `rests on ${count(samples)} samples, needs ${count(least)}` });
      return;
    }
    const compared = compare(i);
    if (typeof compared === "string") skipped.push({ ...measure, reason: compared });
    // Without an error there is neither an interval nor a p-value.
    else if (!Number.isFinite(compared.change + compared.error))
      skipped.push({ ...measure, reason: "has none in much of the time of a run" });
    else figures.push({ ...measure, dialog: null, ...compared });
  });
  return { figures, skipped };
}

interface Sides {
  readonly method: Comparison["method"];
  readonly rounds: number;
  readonly noise: Comparison["noise"];
  /** Runs of each side, in time. */
  readonly a: readonly ComparedRun[];
  readonly b: readonly ComparedRun[];
  readonly skipped: Comparison["skipped"];
}

const side = (runs: readonly ComparedRun[]) => ({
  runs: runs.map(({ result }) => result.run.id),
  command: runs[0]!.result.run.command,
  startedAt: runs[0]!.result.run.startedAt,
});

/** Decides about all figures together and says it. */
export function comparisonOf(sides: Sides, figures: readonly Figure[], options: CompareOptions): Comparison {
  const estimates = figures.map((figure): Estimate => ({ ...figure, tolerance: toleranceOf(figure, options) }));
  const decisions =
    sides.method === "interleaved"
      ? decideInStages(estimates, wholeOf(figures), options.confidence)
      : decide(estimates, options.confidence);
  const [a, b] = [sides.a[0]!, sides.b[0]!];
  return {
    version: 2,
    hotshard: packageVersion(),
    method: sides.method,
    rounds: sides.rounds,
    noise: sides.noise,
    confidence: options.confidence,
    tolerance: { share: options.tolerance, ms: options.toleranceMs, failures: FAILURES_TOLERANCE },
    scenario: a.result.run.scenario,
    a: side(sides.a),
    b: side(sides.b),
    machines: machinesOf(a.result.run.machine, b.result.run.machine),
    differs: differencesOf(a, b),
    caveats: sift(a, b, options.allow).allowed,
    changes: figures.map((figure, i) => changeOf(figure, estimates[i]!.tolerance, decisions[i]!)),
    skipped: sides.skipped,
  };
}

/** Of each figure of a shard the place of the same of all shards; null: it is of all shards, or there is none such. */
function wholeOf(figures: readonly Figure[]): (number | null)[] {
  return figures.map(({ metric, shard }) => {
    const index = figures.findIndex((one) => one.metric === metric && one.shard === null);
    return shard === null || index < 0 ? null : index;
  });
}

function toleranceOf({ metric, a, b }: Figure, { tolerance, toleranceMs }: CompareOptions): number {
  if (metric === FAILURES.metric) return FAILURES_TOLERANCE;
  const isDuration = metric.startsWith("delivery") || metric.startsWith("commit");
  return Math.log1p(Math.max(tolerance, isDuration ? toleranceMs / Math.min(a, b) : 0));
}

function changeOf(figure: Figure, tolerance: number, decision: Decision): Change {
  const { metric, shard, dialog, a, b, change } = figure;
  const shown = metric === FAILURES.metric ? (difference: number) => difference : Math.expm1;
  return {
    metric,
    shard,
    dialog,
    a,
    b,
    change: shown(change),
    low: shown(decision.low),
    high: shown(decision.high),
    tolerance: shown(tolerance),
    pValue: decision.pValue,
    adjusted: decision.adjusted,
    outcome: outcomeOf(figure, decision.outcome),
  };
}

/** Longer and more uneven is worse, less throughput too; what one shard or dialog gets of it is neither. */
function outcomeOf({ metric, shard }: Figure, outcome: Decision["outcome"]): Outcome {
  if (outcome === "same" || outcome === "unclear") return outcome;
  const up = outcome === "up";
  if (metric === "dialog.share" || (metric === "throughput" && shard !== null)) return up ? "more" : "less";
  return up === (metric === "throughput") ? "better" : "worse";
}
