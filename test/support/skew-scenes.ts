import { farAbove, hotAlert, missingAlert, type Rule } from "../../loadtest/rules/skew-rules.ts";
import type { GeneratedFile } from "../../loadtest/rules/skew-files.ts";
import { namesOf, parseSkewTarget, type SkewOptions, type SkewTarget } from "../../loadtest/rules/skew-target.ts";
import { parseDuration } from "../../loadtest/traffic/dial.ts";
import { stringify } from "yaml";

/** Share of one shard in the scenes where it is hot. */
const LARGEST_SHARE = 0.7;

/** The series of the scenes: one for each shard, so many that the share above is beyond the target. */
export interface SceneSeries {
  /** Values of the label that tells the shards apart. */
  readonly members: readonly string[];
  /** What else the metric's matchers ask for. */
  readonly labels: Readonly<Record<string, string>>;
}

type Scene = SkewTarget & SceneSeries;

/** `00`, `01`, … */
export const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(index).padStart(2, "0"));

const INTERVAL_SECONDS = 15;
/** Samples of ten minutes: both windows are full, and an alert without hold fires. */
const TEN_MINUTES = 40;
/** Samples of the last part of a course that ends otherwise than it began: more than a minute. */
const AFTERWARDS = 8;

/** Increments of each shard per interval, in runs of equal samples. */
type Course = readonly (readonly { readonly step: number; readonly samples: number }[])[];

/**
 * A file of promtool's tests of the rules of one target, beside them: a hot shard fires and has the right indices; an even one, one that was
 * hot and is no more, and one with little traffic stay quiet; one that has just become hot fires; a shard that vanishes
 * is missed.
 *
 * Expected values are rounded, because promtool 2.42 compares floats exactly, and no expectation depends on whether a
 * window includes its left edge.
 *
 * @param withMissing as `skewFiles`
 */
export function skewScenes(
  options: SkewOptions,
  { members = numbered(4), labels = {} }: Partial<SceneSeries> = {},
  withMissing = true,
): GeneratedFile {
  const target: Scene = { ...parseSkewTarget(options), members, labels };
  const name = `${target.prefix.replaceAll("_", "-")}-skew.yml`;
  // Seven messages on one of more shards would be beyond chance.
  const littleIsChance = target.kind === "counter" && target.members.length <= 5;
  const tests = {
    rule_files: [`../rules/${name}`, `../alerts/${name}`],
    evaluation_interval: "1m",
    tests: [
      hotScene(target),
      evenScene(target),
      pastScene(target),
      ...(isFarAbove(target) ? [suddenScene(target)] : []),
      ...(littleIsChance ? [littleScene(target)] : []),
      ...(withMissing ? [missingScene(target)] : []),
    ],
  };
  return { path: `tests/${name}`, text: stringify(tests, { lineWidth: 0 }) };
}

const EVEN = 250;

/** Increments of each shard when the first takes seven tenths of all. */
function hotSteps({ members }: Scene): number[] {
  return members.map((_, index) => (index === 0 ? 700 * (members.length - 1) : 300));
}

/** Samples of ten minutes, and as many whole minutes as the alert must hold. */
function samplesOf({ hold }: SkewTarget): number {
  return TEN_MINUTES + Math.ceil(parseDuration(hold) / 60) * (60 / INTERVAL_SECONDS);
}

function minutesOf(samples: number): string {
  return `${(samples * INTERVAL_SECONDS) / 60}m`;
}

function hotScene(target: Scene): object {
  const names = namesOf(target);
  const { by, kind, members } = target;
  const samples = samplesOf(target);
  const at = minutesOf(samples);
  const steps = hotSteps(target);
  const n = steps.length;
  const mean = (1_000 * (n - 1)) / n;
  const variance = steps.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  const load = kind === "counter" ? steps[0]! / INTERVAL_SECONDS : steps[0]!;
  const dispersion = (((300 / INTERVAL_SECONDS) * n * variance) / mean - (n - 1)) / Math.sqrt(2 * (n - 1));
  const squares = LARGEST_SHARE ** 2 + (1 - LARGEST_SHARE) ** 2 / (n - 1);
  const largest = `{${by}=${JSON.stringify(members[0])}}`;
  return {
    name: `one of ${n} takes 70 %`,
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      steps.map((step) => [{ step, samples: samples + 20 }]),
    ),
    promql_expr_test: [
      valueAt(at, `round(${names.loads("5m")}${largest}, 0.0001)`, load, largest),
      valueAt(at, `round(${names.skew("max_over_mean", "1m")}, 0.0001)`, n * LARGEST_SHARE),
      valueAt(at, `round(${names.skew("max_over_mean")}, 0.0001)`, n * LARGEST_SHARE),
      valueAt(at, `round(${names.effective}, 0.0001)`, 1 / LARGEST_SHARE),
      valueAt(at, `round(${names.skew("cv")}, 0.0001)`, Math.sqrt(variance) / mean),
      valueAt(at, `round(${names.skew("jain")}, 0.0001)`, 1 / (n * squares)),
      valueAt(at, `round(${names.skew("gini")}, 0.0001)`, LARGEST_SHARE - 1 / n),
      valueAt(at, `round(${names.skew(`${by}s`)}, 0.0001)`, n),
      ...(kind === "counter" ? [valueAt(at, `round(${names.skew("dispersion")}, 0.0001)`, dispersion)] : []),
    ],
    alert_rule_test: [alertAt("0m", hotAlert(target), null), alertAt(at, hotAlert(target), firstIsHot(target))],
  };
}

function evenScene(target: Scene): object {
  const names = namesOf(target);
  const samples = samplesOf(target);
  const at = minutesOf(samples);
  return {
    name: "even traffic is quiet",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      target.members.map(() => [{ step: EVEN, samples: samples + 20 }]),
    ),
    promql_expr_test: [
      valueAt(at, `round(${names.skew("max_over_mean")}, 0.0001)`, 1),
      valueAt(at, `round(abs(${names.skew("gini")}), 0.0001)`, 0),
    ],
    alert_rule_test: [alertAt(at, hotAlert(target), null)],
  };
}

/** Of so little that comes after it the five minutes show nothing, and the last one shows all. */
function pastScene(target: Scene): object {
  const names = namesOf(target);
  const samples = samplesOf(target);
  const at = minutesOf(samples);
  return {
    name: "a shard that was hot and is no more is quiet, although five minutes still show it",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      hotSteps(target).map((step) => [
        { step, samples: samples - AFTERWARDS },
        { step: 30, samples: AFTERWARDS },
      ]),
    ),
    promql_expr_test: [valueAt(at, `${names.skew("max_over_mean")} > bool ${target.target}`, 1)],
    alert_rule_test: [alertAt(at, hotAlert(target), null)],
  };
}

function isFarAbove(target: Scene): boolean {
  return target.kind === "counter" && target.members.length * LARGEST_SHARE > farAbove(target);
}

/** After so much even traffic that five minutes show nothing yet. */
function suddenScene(target: Scene): object {
  const names = namesOf(target);
  const before = samplesOf(target);
  const hot = AFTERWARDS + before - TEN_MINUTES;
  const at = minutesOf(before + hot);
  return {
    name: "a shard that has just become hot fires before five minutes show it",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      hotSteps(target).map((step) => [
        { step: 40 * EVEN, samples: before },
        { step, samples: hot },
      ]),
    ),
    promql_expr_test: [
      valueAt(at, `round(${names.skew("max_over_mean", "1m")}, 0.0001)`, target.members.length * LARGEST_SHARE),
    ],
    alert_rule_test: [alertAt(at, hotAlert(target), firstIsHot(target))],
  };
}

/** The alert of the first shard, which takes its share of the scenes. */
function firstIsHot({ by, members }: Scene): Expected {
  const overMean = (members.length * LARGEST_SHARE).toFixed(2);
  return {
    labels: { severity: "warning", [by]: members[0]! },
    words: { [`{{ $labels.${by} }}`]: members[0]!, '{{ printf "%.2f" $value }}': overMean },
  };
}

/** All on the first shard, steadily, but no more than seven messages in five minutes: chance does that. */
function littleScene(target: Scene): object {
  const names = namesOf(target);
  const samples = samplesOf(target);
  const at = minutesOf(samples);
  return {
    name: "little traffic is quiet, however uneven it looks",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      target.members.map((_, index) => (index === 0 ? trickle(samples) : [{ step: 0, samples }])),
    ),
    promql_expr_test: [valueAt(at, `${names.skew("max_over_mean", "1m")} > bool ${target.target}`, 1)],
    alert_rule_test: [alertAt(at, hotAlert(target), null)],
  };
}

/** One event every third sample: the last minute always has one. */
function trickle(samples: number): Course[number] {
  return Array.from({ length: Math.ceil(samples / 3) }, () => [
    { step: 1, samples: 1 },
    { step: 0, samples: 2 },
  ]).flat();
}

function missingScene(target: Scene): object {
  const ended = { values: "0+250x40 _x40" };
  return {
    name: "a shard that stops reporting is missed, and only then",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      target.members.map(() => [{ step: EVEN, samples: 80 }]),
    ).map((one, index, all) => (index === all.length - 1 ? { ...one, ...ended } : one)),
    alert_rule_test: [
      alertAt("10m", missingAlert(target), null),
      alertAt("18m", missingAlert(target), { labels: { severity: "warning" }, words: { "{{ $value }}": "1" } }),
    ],
  };
}

function series({ by, kind, labels, members, metric }: Scene, courses: Course) {
  return courses.map((course, index) => ({
    series: `${metric}${labelSet({ ...labels, [by]: members[index]! })}`,
    values: kind === "counter" ? counterValues(course) : gaugeValues(course),
  }));
}

function labelSet(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.join(",")}}`;
}

function counterValues(course: Course[number]): string {
  let at = 0;
  const parts = course.map(({ step, samples }) => {
    const start = at + step;
    at += step * samples;
    return `${start}+${step}x${samples - 1}`;
  });
  return ["0", ...parts].join(" ");
}

function gaugeValues(course: Course[number]): string {
  return course.map(({ step, samples }) => `${step}+0x${samples - 1}`).join(" ");
}

function valueAt(time: string, expr: string, value: number, labels = "{}"): object {
  const rounded = Math.floor(value * 10_000 + 0.5) / 10_000;
  return { expr, eval_time: time, exp_samples: [{ labels, value: rounded }] };
}

interface Expected {
  readonly labels: Readonly<Record<string, string>>;
  /** What stands in the place of the annotations' templates. */
  readonly words: Readonly<Record<string, string>>;
}

function alertAt(time: string, rule: Rule, expected: Expected | null): object {
  if (!("alert" in rule)) throw new Error(`${rule.record} is no alert`);
  const fill = (text: string) =>
    Object.entries(expected?.words ?? {}).reduce((filled, [template, word]) => filled.replaceAll(template, word), text);
  const annotations = Object.fromEntries(Object.entries(rule.annotations).map(([key, text]) => [key, fill(text)]));
  return {
    eval_time: time,
    alertname: rule.alert,
    exp_alerts: expected === null ? [] : [{ exp_labels: expected.labels, exp_annotations: annotations }],
  };
}
