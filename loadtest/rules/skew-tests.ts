import { MATCHER, namesOf, type SkewTarget } from "./skew-target.ts";
import { hotAlert, missingAlert, type Rule } from "./skew-rules.ts";
import type { Yaml } from "./yaml.ts";

const MEMBERS = ["00", "01", "02", "03"];
const INTERVAL_SECONDS = 15;

/** Increments of each shard per interval, in runs of equal samples. */
type Course = readonly (readonly { readonly step: number; readonly samples: number }[])[];

/**
 * promtool's tests of the rules of one target: a hot shard fires and has the right indices; an even one, one that was
 * hot and is no more, and one with little traffic stay quiet; a shard that vanishes is missed.
 *
 * Expected values are rounded, because promtool 2.42 compares floats exactly, and no expectation depends on whether a
 * window includes its left edge.
 *
 * @param ruleFiles paths from the test file
 */
export function skewTests(target: SkewTarget, ruleFiles: readonly string[], withMissing: boolean): Yaml {
  return {
    rule_files: ruleFiles,
    evaluation_interval: "1m",
    tests: [
      hotScene(target),
      evenScene(target),
      pastScene(target),
      ...(target.kind === "counter" ? [littleScene(target)] : []),
      ...(withMissing ? [missingScene(target)] : []),
    ],
  };
}

const HOT = [700, 100, 100, 100];
const EVEN = [250, 250, 250, 250];

function hotScene(target: SkewTarget): Yaml {
  const names = namesOf(target);
  const loads = target.kind === "counter" ? HOT.map((step) => step / INTERVAL_SECONDS) : HOT;
  const mean = 250;
  const variance = HOT.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4;
  const counts = (x: number) => x * (300 / INTERVAL_SECONDS);
  const dispersion = ((4 * counts(1) * variance) / mean - 3) / Math.sqrt(6);
  return {
    name: "one of four takes 70 %",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      HOT.map((step) => [{ step, samples: 60 }]),
    ),
    promql_expr_test: [
      valueAt("10m", `round(${names.loads("5m")}{${target.by}="00"}, 0.0001)`, loads[0]!, `{${target.by}="00"}`),
      valueAt("10m", `round(${names.skew("max_over_mean", "1m")}, 0.0001)`, 2.8),
      valueAt("10m", `round(${names.skew("max_over_mean")}, 0.0001)`, 2.8),
      valueAt("10m", `round(${names.effective}, 0.0001)`, 1 / 0.7),
      valueAt("10m", `round(${names.skew("cv")}, 0.0001)`, Math.sqrt(variance) / mean),
      valueAt("10m", `round(${names.skew("jain")}, 0.0001)`, 1 / (4 * (0.49 + 3 * 0.01))),
      valueAt("10m", `round(${names.skew("gini")}, 0.0001)`, 0.45),
      valueAt("10m", `round(${names.skew(`${target.by}s`)}, 0.0001)`, 4),
      ...(target.kind === "counter" ? [valueAt("10m", `round(${names.skew("dispersion")}, 0.0001)`, dispersion)] : []),
    ],
    alert_rule_test: [
      alertAt("0m", hotAlert(target), null),
      alertAt("10m", hotAlert(target), {
        labels: { severity: "warning", [target.by]: "00" },
        words: { [`{{ $labels.${target.by} }}`]: "00", '{{ printf "%.2f" $value }}': "2.80" },
      }),
    ],
  };
}

function evenScene(target: SkewTarget): Yaml {
  const names = namesOf(target);
  return {
    name: "even traffic is quiet",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      EVEN.map((step) => [{ step, samples: 60 }]),
    ),
    promql_expr_test: [
      valueAt("10m", `round(${names.skew("max_over_mean")}, 0.0001)`, 1),
      valueAt("10m", `round(abs(${names.skew("gini")}), 0.0001)`, 0),
    ],
    alert_rule_test: [alertAt("10m", hotAlert(target), null)],
  };
}

function pastScene(target: SkewTarget): Yaml {
  const names = namesOf(target);
  return {
    name: "a shard that was hot and is no more is quiet, although five minutes still show it",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      HOT.map((step) => [
        { step, samples: 32 },
        { step: 250, samples: 8 },
      ]),
    ),
    promql_expr_test: [valueAt("10m", `${names.skew("max_over_mean")} > bool ${target.target}`, 1)],
    alert_rule_test: [alertAt("10m", hotAlert(target), null)],
  };
}

/** 1.6 times the mean on the first shard, steadily, but of 25 events in five minutes: chance does that. */
function littleScene(target: SkewTarget): Yaml {
  const names = namesOf(target);
  return {
    name: "little traffic is quiet, however uneven it looks",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(target, [trickle(2), trickle(4), trickle(4), trickle(4)]),
    promql_expr_test: [valueAt("12m", `${names.skew("max_over_mean")} > bool ${target.target}`, 1)],
    alert_rule_test: [alertAt("12m", hotAlert(target), null)],
  };
}

/** One event every `gap` samples. */
function trickle(gap: number): Course[number] {
  return Array.from({ length: Math.ceil(60 / gap) }, () => [
    { step: 1, samples: 1 },
    { step: 0, samples: gap - 1 },
  ]).flat();
}

function missingScene(target: SkewTarget): Yaml {
  const ended = { values: "0+250x40 _x40" };
  return {
    name: "a shard that stops reporting is missed, and only then",
    interval: `${INTERVAL_SECONDS}s`,
    input_series: series(
      target,
      EVEN.map((step) => [{ step, samples: 80 }]),
    ).map((one, index) => (index === 3 ? { ...one, ...ended } : one)),
    alert_rule_test: [
      alertAt("10m", missingAlert(target), null),
      alertAt("18m", missingAlert(target), { labels: { severity: "warning" }, words: { "{{ $value }}": "1" } }),
    ],
  };
}

function series(target: SkewTarget, courses: Course): { series: string; values: string }[] {
  return courses.map((course, index) => ({
    series: `${target.metric}${matchersAsLabels(target, MEMBERS[index]!)}`,
    values: target.kind === "counter" ? counterValues(course) : gaugeValues(course),
  }));
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

/** A series that the target's matchers select; what they exclude has no label. */
function matchersAsLabels({ selector, by }: SkewTarget, member: string): string {
  const wanted = [...selector.matchAll(MATCHER)].filter(([, name]) => name !== by);
  const labels = wanted.map(([, name, , value]) => `${name}="${value!.split("|")[0]}"`);
  return `{${[...labels, `${by}="${member}"`].join(",")}}`;
}

function valueAt(time: string, expr: string, value: number, labels = "{}"): Yaml {
  const rounded = Math.floor(value * 10_000 + 0.5) / 10_000;
  return { expr, eval_time: time, exp_samples: [{ labels, value: rounded }] };
}

interface Expected {
  readonly labels: Readonly<Record<string, string>>;
  /** What stands in the place of the annotations' templates. */
  readonly words: Readonly<Record<string, string>>;
}

function alertAt(time: string, rule: Rule, expected: Expected | null): Yaml {
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
