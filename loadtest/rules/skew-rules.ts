import { namesOf, type SkewTarget } from "./skew-target.ts";

/** A rule of Prometheus, recording or alerting; the order of its keys is that of the file. */
export type Rule =
  | { readonly record: string; readonly expr: string }
  | {
      readonly alert: string;
      readonly expr: string;
      readonly for: string;
      readonly labels: { readonly severity: string };
      readonly annotations: Readonly<Record<string, string>>;
    };

/** Up to so many shards the Gini coefficient is exact; above there is none. */
const GINI_MOST = 64;
/** Standard deviations; with four shards chance alone exceeds them five times in a million. */
export const SIGNIFICANT = 10;
const WINDOW_SECONDS = 300;

/**
 * Recording rules: the load of each shard, how many times the mean it is, and the usual indices of skew over all
 * shards. An idle system has no skew: the rules then have no value, rather than NaN.
 *
 * - Jain's fairness (Jain, Chiu, Hawe 1984): (Σx)² ÷ (n Σx²); 1 is even.
 * - Gini (1912) from partial sums: 2T ÷ nS − (2m + 1 − n) ÷ n with T = Σ over k = 1…m of the sum of the k largest, and
 *   S the sum of all; exact for n ≤ m.
 * - Dispersion (Fisher 1925): (n·variance ÷ mean − (n − 1)) ÷ √(2(n − 1)) of the counts in five minutes: how many
 *   standard deviations the spread lies above that of messages that fall on shards by pure chance.
 */
export function recordingRules(target: SkewTarget): Rule[] {
  const names = namesOf(target);
  const x = names.loads("5m");
  const all = `(avg(${x}) > 0)`;
  const rules: Rule[] = [
    { record: names.loads("1m"), expr: names.load("1m") },
    { record: x, expr: names.load("5m") },
    { record: names.overMean("1m"), expr: overMean(names.loads("1m")) },
    { record: names.overMean("5m"), expr: overMean(x) },
    {
      record: names.skew("max_over_mean", "1m"),
      expr: `max(${names.loads("1m")}) / (avg(${names.loads("1m")}) > 0)`,
    },
    { record: names.skew("max_over_mean"), expr: `max(${x}) / ${all}` },
    { record: names.effective, expr: `sum(${x}) / (max(${x}) > 0)` },
    { record: names.skew("cv"), expr: `stddev(${x}) / ${all}` },
    { record: names.skew("jain"), expr: `sum(${x}) ^ 2 / (count(${x}) * (sum(${x} ^ 2) > 0))` },
    { record: names.skew("gini"), expr: gini(x) },
    { record: names.skew(`${target.by}s`), expr: `count(${x})` },
  ];
  return target.kind === "counter" ? [...rules, { record: names.skew("dispersion"), expr: dispersion(x) }] : rules;
}

function overMean(x: string): string {
  return `${x} / on () group_left () (avg(${x}) > 0)`;
}

function gini(x: string): string {
  const sums = Array.from({ length: GINI_MOST }, (_, index) => `sum(topk(${index + 1}, ${x}))`);
  return [
    "2 * (",
    `  ${sums.join("\n  + ")}`,
    `) / (count(${x}) * (sum(${x}) > 0))`,
    `- (${2 * GINI_MOST + 1} - count(${x})) / count(${x})`,
    `and count(${x}) <= ${GINI_MOST}`,
  ].join("\n");
}

function dispersion(x: string): string {
  return [
    `(${WINDOW_SECONDS} * count(${x}) * stdvar(${x}) / (avg(${x}) > 0) - (count(${x}) - 1))`,
    `/ sqrt(2 * (count(${x}) - 1) > 0)`,
  ].join("\n");
}

/** So far above the mean one minute is enough: twice the excess. */
export function farAbove({ target }: SkewTarget): number {
  return Number((2 * target - 1).toFixed(4));
}

/**
 * A shard is hot: above its fair share for five minutes and still now. Of a counter, whose spread can be told from
 * chance, the last minute is enough when it is far above: after even traffic five minutes take a minute to show it.
 */
export function hotAlert(target: SkewTarget): Rule {
  const names = namesOf(target);
  const { by, metric } = target;
  const hot = [`${names.overMean("5m")} > ${target.target}`, `and ${names.overMean("1m")} > ${target.target}`];
  const expr =
    target.kind === "counter"
      ? [
          "(",
          // First, so that its value is the one that is told.
          `  ${names.overMean("1m")} > ${farAbove(target)}`,
          `  or ${hot[0]}`,
          `  ${hot[1]}`,
          `) and on () ${names.skew("dispersion")} > ${SIGNIFICANT}`,
        ]
      : hot;
  return {
    alert: names.hotAlert,
    expr: expr.join("\n"),
    for: target.hold,
    labels: { severity: "warning" },
    annotations: {
      summary: `${by} {{ $labels.${by} }} takes {{ printf "%.2f" $value }} times its fair share of ${metric}`,
      description: HOT_DESCRIPTION[target.kind],
      ...pageOf(target),
    },
  };
}

const HOT_DESCRIPTION = {
  counter:
    "Over five minutes and still in the last one, or far above in the last one alone; and beyond what chance " +
    "would do with this much traffic.",
  gauge: "Over five minutes, and still in the last one.",
} as const;

/** Fewer shards report than in the last hour: with one of them missing the rest look even. */
export function missingAlert(target: SkewTarget): Rule {
  const names = namesOf(target);
  const count = names.skew(`${target.by}s`);
  return {
    alert: names.missingAlert,
    expr: `max_over_time(${count}[1h]) - (${count} or 0 * max_over_time(${count}[1h])) > 0`,
    for: "1m",
    labels: { severity: "warning" },
    annotations: {
      summary: `{{ $value }} fewer values of ${target.by} report ${target.metric} than in the last hour`,
      description: "Skew is computed over those that report: while one is missing the rest can look even.",
      ...pageOf(target),
    },
  };
}

function pageOf({ runbook }: SkewTarget): Record<string, string> {
  return runbook === null ? {} : { runbook_url: runbook };
}
