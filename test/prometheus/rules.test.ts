import assert from "node:assert/strict";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { METRICS, type MetricName } from "../../server/observability/metric-names.ts";
import { CHAT } from "../support/chat-skew.ts";
import { skewScenes } from "../support/skew-scenes.ts";
import { everyPromtool, skipWithoutPromtool } from "../support/promtool.ts";
import { temporaryFolder } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "prometheus");

interface Text {
  readonly file: string;
  readonly text: string;
}

function texts(pattern: string): Text[] {
  return globSync(pattern, { cwd: ROOT })
    .sort()
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), "utf8") }));
}

/** First group of every match, in all texts. */
function all(some: readonly Text[], pattern: RegExp): string[] {
  return some.flatMap(({ text }) => [...text.matchAll(pattern)].map(([, found]) => found!));
}

function section(name: string): string[] {
  const page = readFileSync(join(ROOT, "docs/alerts.md"), "utf8");
  const [, content = ""] = new RegExp(`<!-- ${name} -->([^]*?)<!-- /${name} -->`, "u").exec(page) ?? [];
  return content.split("\n").filter((line) => line.startsWith("| `"));
}

const RULES = texts("prometheus/rules/*.yml");
const ALERTS = texts("prometheus/alerts/*.yml");
const TEST_FILES = texts("prometheus/tests/*.yml");
/** Those of the skew rules are made and run in skew-files.test.ts, as for any other metric. */
const TESTS = [
  ...TEST_FILES,
  { file: "the scenes of skew", text: skewScenes(CHAT, { labels: { result: "stored" } }, false).text },
];
const RUNBOOKS = texts("docs/runbooks/*.md");
const recorded = all(RULES, /record: "?([\w:]+)/gu);
const alerts = all(ALERTS, /alert: (\w+)/gu);

test("configuration and rules are valid", { skip: skipWithoutPromtool }, async () => {
  const config = await everyPromtool(["check", "config", "prometheus.yml"], FOLDER);
  assert.ok(config.ok, config.output);
  const names = [...RULES, ...ALERTS].map(({ file }) => join(ROOT, file));
  const rules = await everyPromtool(["check", "rules", "--lint=all", "--lint-fatal", ...names], FOLDER);
  assert.ok(rules.ok, rules.output);
});

test("every rule fires and stays quiet as its tests say", { skip: skipWithoutPromtool }, async () => {
  const tested = await everyPromtool(["test", "rules", ...TEST_FILES.map(({ file }) => join(ROOT, file))], FOLDER);
  assert.ok(tested.ok, tested.output);
});

test("every alert is fired by a test and kept quiet by another; every recorded rule has a tested value", () => {
  const cases = TESTS.flatMap(({ text }) => text.split(/(?=^ +- eval_time:)/mu));
  for (const alert of alerts) {
    const own = cases.filter((one) => one.includes(`alertname: ${alert}\n`));
    assert.ok(
      own.some((one) => one.includes("exp_labels")),
      `no test fires ${alert}`,
    );
    // At the start nothing can fire yet: that is no proof.
    const quiet = own.filter((one) => one.includes("exp_alerts: []") && !/eval_time: "?0m/u.test(one));
    assert.ok(quiet.length > 0, `no test keeps ${alert} quiet`);
  }
  const tested = all(TESTS, /- expr: (.+)/gu).join("\n");
  for (const rule of recorded.filter((name) => !/over_mean:rate1m$|messages(?:_over_mean)?:rate/u.test(name))) {
    assert.ok(tested.includes(rule), `no test has a value of ${rule}`);
  }
});

test("rules, alerts, their tests and the runbooks use metrics that exist and rules that are recorded", () => {
  const used = [...RULES, ...ALERTS, ...TESTS, ...RUNBOOKS, ...texts("docs/alerts.md")];
  const histograms = Object.keys(METRICS).filter((name) => METRICS[name as MetricName].type === "histogram");
  const series = new Set([
    ...Object.keys(METRICS).filter((name) => !histograms.includes(name)),
    ...histograms.flatMap((name) => [`${name}_bucket`, `${name}_sum`, `${name}_count`]),
  ]);
  for (const { file, text } of used) {
    for (const [, name] of text.matchAll(/(?<![\w:])(chat_\w+)(?![\w:])/gu)) {
      assert.ok(series.has(name!), `${file} uses ${name}, which the server does not export`);
    }
    for (const [, name] of text.matchAll(/(?<![\w:])((?:chat|shard|stage):\w+(?::\w+)?)/gu)) {
      assert.ok(recorded.includes(name!), `${file} uses ${name}, which is not recorded`);
    }
  }
});

test("docs/alerts.md has exactly the alerts and the recorded rules", () => {
  const documented = section("alerts").map((line) => line.split("|").map((cell) => cell.trim()));
  const severities = all(ALERTS, /severity: (\w+)/gu);
  const pages = all(ALERTS, /runbook_url: (\S+)/gu);
  assert.deepEqual(
    new Set(documented.map(([, name, severity, , page]) => `${name} ${severity} ${/\((.*)\)/u.exec(page!)?.[1]}`)),
    new Set(alerts.map((name, index) => `\`${name}\` ${severities[index]} ${pages[index]!.replace("docs/", "")}`)),
  );
  assert.deepEqual(new Set(section("rules").map((line) => /`([^`]+)`/u.exec(line)![1])), new Set(recorded));
});

test("every alert has its runbook, every runbook its alert", () => {
  for (const page of all(ALERTS, /runbook_url: (\S+)/gu)) {
    assert.ok(
      RUNBOOKS.some(({ file }) => file === page),
      `${page} is not there`,
    );
  }
  for (const { file, text } of RUNBOOKS) {
    const own = all([{ file, text }], /`(Chat\w+)`/gu);
    assert.ok(
      own.length > 0 && own.every((name) => alerts.includes(name)),
      `${file} names its alerts: ${own.join(", ")}`,
    );
    for (const link of all([{ file, text }], /\]\((\w[\w-]+\.md)\)/gu)) {
      assert.ok(
        RUNBOOKS.some((page) => basename(page.file) === link),
        `${file} links to ${link}`,
      );
    }
  }
});

test("the runbooks' queries can be asked", { skip: skipWithoutPromtool }, async (t) => {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // A query is as long as its indented lines.
  const queries = all(RUNBOOKS, /```promql\n([^]*?)```/gu).flatMap((block) => block.trim().split(/\n(?!\s)/u));
  assert.ok(queries.length > 20);
  const rules = queries.map((expr, index) => ({ record: `q${index}`, expr }));
  // JSON is YAML.
  writeFileSync(join(folder, "queries.yml"), JSON.stringify({ groups: [{ name: "runbooks", rules }] }));
  const { ok, output } = await everyPromtool(["check", "rules", "--lint=none", "queries.yml"], folder);
  assert.ok(ok, output);
});
