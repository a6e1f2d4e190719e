import { count } from "../report/format.ts";
import { estimatesOf, type Estimates } from "../slices/estimates.ts";
import { mergeHistograms } from "../traffic/histogram.ts";
import { packageVersion } from "../version.ts";
import { ALLOWABLE, differencesOf, obstaclesOf, type ComparedRun, type Obstacle } from "./comparable.ts";
import type { Change, Comparison, Outcome } from "./comparison.ts";
import { decide, type Decision, type Estimate } from "./decide.ts";
import { hotDialogFigures, type DialogCounts } from "./hot-dialogs.ts";
import { leastSamples, measuresOf, samplesOf } from "../slices/measures.ts";
import { superiority } from "./superiority.ts";

export interface CompareOptions {
  /** That two runs of the same thing are told to be no different, above 0 and below 1. */
  readonly confidence: number;
  /** Changes below this share of a figure are nobody's concern, ≥ 0. */
  readonly tolerance: number;
  /** Nor are changes of a duration below this, ms, ≥ 0. */
  readonly toleranceMs: number;
  /** Obstacles that the reader takes upon himself: codes of `ALLOWABLE`. */
  readonly allow: ReadonlySet<string>;
}

export const DEFAULT_COMPARE: CompareOptions = { confidence: 0.95, tolerance: 0.05, toleranceMs: 1, allow: new Set() };

/** A figure of both sides before anything is decided; `a` and `b` are no logarithms. */
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

/** Compares two runs that `sift` lets pass. Their noise is that of their own time slices, by the block bootstrap. */
export function compareRuns(
  a: ComparedRun & { readonly dialogs: DialogCounts | null },
  b: ComparedRun & { readonly dialogs: DialogCounts | null },
  options: CompareOptions,
): Comparison {
  const labels = commonLabels(a, b);
  const [left, right] = [estimatesOf(a.series), estimatesOf(b.series)];
  const sides = { a: [a], b: [b] };
  const { figures, skipped } = figureSet(sides, labels, (i) => welch(left, right, i));
  const dialogs = hotDialogFigures(a.dialogs, b.dialogs);
  return comparisonOf({ method: "two runs", rounds: 1, ...sides, skipped }, [...figures, ...dialogs], options);
}

/** Labels of the shards that can be held against each other: none when the sets are not the same. */
export function commonLabels({ series: a }: ComparedRun, { series: b }: ComparedRun): readonly string[] {
  return a.labels.join(" ") === b.labels.join(" ") ? a.labels : [];
}

type Compared = Pick<Figure, "a" | "b" | "change" | "error" | "freedom">;

/** The two errors together, with the degrees of freedom of Welch and Satterthwaite (Welch, Biometrika 34, 1947). */
function welch(a: Estimates, b: Estimates, i: number): Compared {
  const [left, right] = [a.errors[i]! ** 2, b.errors[i]! ** 2];
  const both = left + right;
  const freedom = both === 0 ? a.freedom + b.freedom : both ** 2 / (left ** 2 / a.freedom + right ** 2 / b.freedom);
  const [from, to] = [a.logs[i]!, b.logs[i]!];
  return { a: Math.exp(from), b: Math.exp(to), change: to - from, error: Math.sqrt(both), freedom };
}

/**
 * The figures of `measuresOf` that rest on enough samples, and those that do not.
 *
 * @param compare figure i of A with that of B
 */
export function figureSet(
  { a, b }: Pick<Sides, "a" | "b">,
  labels: readonly string[],
  compare: (i: number) => Compared,
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
    // Without an error there is neither an interval nor a p-value.
    if (Number.isFinite(compared.change + compared.error)) figures.push({ ...measure, dialog: null, ...compared });
    else skipped.push({ ...measure, reason: "has none in much of the time of a run" });
  });
  return { figures, skipped };
}

interface Sides {
  readonly method: Comparison["method"];
  readonly rounds: number;
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
  const decisions = decide(estimates, options.confidence);
  const [a, b] = [sides.a[0]!, sides.b[0]!];
  return {
    version: 1,
    hotshard: packageVersion(),
    method: sides.method,
    rounds: sides.rounds,
    confidence: options.confidence,
    tolerance: { share: options.tolerance, ms: options.toleranceMs },
    scenario: a.result.run.scenario,
    a: side(sides.a),
    b: side(sides.b),
    differs: differencesOf(a, b),
    caveats: sift(a, b, options.allow).allowed,
    changes: figures.map((figure, i) =>
      changeOf(figure, estimates[i]!.tolerance, decisions[i]!, superiorityOf(figure, sides)),
    ),
    skipped: sides.skipped,
  };
}

function toleranceOf({ metric, a, b }: Figure, { tolerance, toleranceMs }: CompareOptions): number {
  const isDuration = metric.startsWith("delivery") || metric.startsWith("commit");
  return Math.log1p(Math.max(tolerance, isDuration ? toleranceMs / Math.min(a, b) : 0));
}

function superiorityOf({ metric, shard }: Figure, { a, b }: Sides): number | null {
  const [name] = metric.split(".");
  if (name !== "delivery" && name !== "commit") return null;
  const whole = (runs: readonly ComparedRun[]) =>
    mergeHistograms(
      runs.flatMap(({ series }) =>
        series.shards.flatMap((one, i) => (shard === null || series.labels[i] === shard ? [one[name].total] : [])),
      ),
    );
  return superiority(whole(a), whole(b));
}

function changeOf(figure: Figure, tolerance: number, decision: Decision, superior: number | null): Change {
  const { metric, shard, dialog, a, b, change } = figure;
  return {
    metric,
    shard,
    dialog,
    a,
    b,
    change: Math.expm1(change),
    low: Math.expm1(decision.low),
    high: Math.expm1(decision.high),
    tolerance: Math.expm1(tolerance),
    superiority: superior,
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
