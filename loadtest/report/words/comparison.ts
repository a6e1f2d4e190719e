import { duration, milliseconds, percent, perSecond, plural } from "../../stats/format.ts";
import { FAILURES, type Change, type Comparison } from "../../analysis/result/comparison.ts";
import { machinesInWords } from "./machines.ts";

/** Differences that are told: everything but "same" and "unclear". */
export const toldOf = ({ changes }: Comparison): Change[] =>
  changes.filter(({ outcome }) => outcome !== "same" && outcome !== "unclear").sort(bySize);

const bySize = (a: Change, b: Change): number => Math.abs(Math.log1p(b.change)) - Math.abs(Math.log1p(a.change));

/** `shard 02`, `all shards`, `dialog 7_501`. */
export function placeInWords({ shard, dialog }: Change): string {
  if (dialog !== null) return `dialog ${dialog}`;
  return shard === null ? "all shards" : `shard ${shard}`;
}

const NAMES: Readonly<Record<string, string>> = {
  failures: "failed",
  throughput: "acknowledged",
  "skew.maxOverMean": "max/mean",
  "dialog.share": "share of the messages",
};

/** `delivery p99`. */
export const metricInWords = (metric: string): string => NAMES[metric] ?? metric.replace(".", " ");

/** A figure without its unit where a column says it, in the metric's own way. */
export function figureInWords(metric: string, value: number): string {
  if (metric === "throughput") return perSecond(value);
  if (metric === "skew.maxOverMean") return value.toFixed(2);
  if (metric === FAILURES.metric) return percent(value, 2);
  return metric === "dialog.share" ? percent(value) : duration(value);
}

/** `+10.2 %`, `−3.0 %`; from tenfold on as a factor. */
export function changeInWords(change: number, digits = 1): string {
  if (!Number.isFinite(change)) return "?";
  if (change >= 9) return `${(change + 1).toFixed(0)}\u202f×`;
  return `${change < 0 ? "−" : "+"}${percent(Math.abs(change), digits)}`;
}

/** A change of this figure: of failures percentage points, `+3.10 pp`, of all else a share of itself. */
export function changeOf({ metric }: Change, change: number): string {
  return metric === FAILURES.metric ? changeInWords(change, 2).replace("%", "pp") : changeInWords(change);
}

/** `+9.1 % to +11.3 %`, `−0.02 to +0.05 pp`. */
export function intervalInWords(one: Change): string {
  const [low, high] = [one.low, one.high].map((end) => changeOf(one, end));
  return `${low!.replace(/.pp$/u, "")} to ${high}`;
}

/** `commit p50 40.3 ms → 44.4 ms, +10.2 % (+9.1 % to +11.3 %)`. */
function changeInFull(one: Change): string {
  const from = figureInWords(one.metric, one.a);
  const to = figureInWords(one.metric, one.b);
  return `${metricInWords(one.metric)} ${from} → ${to}, ${changeOf(one, one.change)} (${intervalInWords(one)})`;
}

const VERBS = { worse: "is worse", better: "is better", more: "gets more", less: "gets less" } as const;

const isWhole = ({ shard, dialog }: Change): boolean => shard === null && dialog === null;

/**
 * The finding in one sentence: more failures, or the largest difference for the worse if there is one, else the
 * largest.
 */
export function comparisonHeadline(comparison: Comparison): string {
  const told = toldOf(comparison);
  const worse = told.filter(({ outcome }) => outcome === "worse");
  // What failed comes first: durations are of the messages that did not.
  const failures = worse.find(({ metric }) => metric === FAILURES.metric);
  // In alternation a shard is looked at only below what changed as a whole.
  const whole = comparison.method === "interleaved" ? worse.find(isWhole) : undefined;
  const first = failures ?? whole ?? worse[0] ?? told[0];
  if (first === undefined) return noDifference(comparison);
  const verb = first.outcome in VERBS ? VERBS[first.outcome as keyof typeof VERBS] : "changed";
  const place = isWhole(first) ? "the whole" : placeInWords(first);
  return `${place[0]!.toUpperCase()}${place.slice(1)} ${verb}: ${changeInFull(first)}.`;
}

/** Not plainly "No difference." when there may be one that nobody could see. */
function noDifference({ changes, skipped }: Comparison): string {
  if (changes.length === 0) return "Nothing could be compared.";
  const unclear = changes.filter(({ outcome }) => outcome === "unclear").length;
  if (unclear === changes.length) return "Too noisy to tell: no figure could be decided.";
  if (unclear > 0) {
    const are = unclear === 1 ? "is" : "are";
    return `No difference was found, and ${unclear} of ${plural(changes.length, "figure")} ${are} too noisy to tell.`;
  }
  const left = skipped.filter(({ shard }) => shard === null).map(({ metric }) => metricInWords(metric));
  if (left.length === 0) return "No difference.";
  const last = left.pop()!;
  const names = left.length === 0 ? last : `${left.join(", ")} and ${last}`;
  return `No difference was found, but ${names} of all shards could not be compared.`;
}

/** The figures that were not compared, and why; null when all were. */
export function skippedInWords({ skipped }: Comparison): string | null {
  if (skipped.length === 0) return null;
  const whole = skipped.filter(({ shard }) => shard === null);
  const [one, ...others] = skipped.filter(({ shard }) => shard !== null);
  const words = whole.map(({ metric, reason }) => `${metricInWords(metric)} of all shards ${reason}`);
  if (one !== undefined) {
    const example = `${metricInWords(one.metric)} of shard ${one.shard}`;
    const figures = `${plural(others.length + 1, "figure")} of single shards`;
    words.push(
      others.length === 0 ? `${example} ${one.reason}` : `${figures}, such as ${example}, which ${one.reason}`,
    );
  }
  return `Not compared: ${words.join("; ")}.`;
}

/** How many figures were told to be what, and what that rests on. */
export function groundsInWords(comparison: Comparison): string {
  const { changes, confidence, method, noise: between, rounds, tolerance } = comparison;
  const of = (outcome: string) => changes.filter((one) => one.outcome === outcome).length;
  const told = toldOf(comparison).length;
  const noise =
    method === "interleaved"
      ? `${plural(rounds, "round")} in alternation, so the machine's drift is taken out; figures of all shards ` +
        "first, single shards below those that changed"
      : "the noise is that inside each run; what the machine did between the runs is not in it (--interleave " +
        "takes that out)";
  const power =
    between === null
      ? ""
      : ` Runs of the same setting vary by ${percent(between.share)} (median of the figures of all shards): ` +
        `${plural(rounds, "round")} find a change from ${percent(between.detectable)} on in 4 of 5 experiments.`;
  return (
    `Of ${plural(changes.length, "figure")}, ${told} changed, ${of("same")} are the same within ` +
    `${percent(tolerance.share, 0)} of the smaller figure (or ${milliseconds(tolerance.ms)} ms; of failures ` +
    `${(100 * tolerance.failures).toFixed(1)} pp), ${of("unclear")} are too noisy to tell. ` +
    `Simultaneous ${percent(confidence, 0)} confidence; ${noise}.${power}`
  );
}

/** Other machines, what is not the same by intention, and what the reader let pass. */
export function settingsInWords({ caveats, differs, machines }: Comparison): string[] {
  const where = machinesInWords({ machines });
  return [
    ...(where === null ? [] : [where]),
    ...differs.map(({ name, a, b }) => `${name}: ${a} → ${b}`),
    ...caveats.map(({ code, message }) => `${code} was allowed: ${message}`),
  ];
}

/**
 * Figures for a short table: those of all shards together, then what changed, in alternation below the same figure of
 * all shards; the rest is in the page.
 */
export function shortList(comparison: Comparison, most = 36): Change[] {
  const whole = comparison.changes.filter(isWhole);
  const told = toldOf(comparison).filter((one) => !isWhole(one));
  if (comparison.method === "two runs") return [...whole, ...told].slice(0, most);
  const below = whole.flatMap((one) => [one, ...told.filter(({ metric }) => metric === one.metric)]);
  return [...below, ...told.filter((one) => !below.includes(one))].slice(0, most);
}
