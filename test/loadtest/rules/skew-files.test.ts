import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { main } from "../../../loadtest/cli.ts";
import { CHAT, chatSkewFiles } from "../../support/chat-skew.ts";
import { skewFiles, type GeneratedFile } from "../../../loadtest/rules/skew-files.ts";
import { parseSkewTarget, type SkewOptions } from "../../../loadtest/rules/skew-target.ts";
import { numbered, skewScenes, type SceneSeries } from "../../support/skew-scenes.ts";
import { everyPromtool, promtool, skipWithoutPromtool } from "../../support/promtool.ts";
import { temporaryFolder } from "../../support/server.ts";

const MYSQL: SkewOptions = {
  metric: "mysql_global_status_queries",
  by: "instance",
  for: "counter",
  target: "1.25",
  hold: "2m",
};

function write(files: readonly GeneratedFile[], folder: string): void {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

test("the rules made for any metric do what they say, by promtool", { skip: skipWithoutPromtool }, async (t) => {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  assert.equal(await main(["rules", "--metric", MYSQL.metric, "--by", MYSQL.by, "--out", folder]), 0);
  write([skewScenes(MYSQL)], folder);
  const matchers = '{job=~"db|cache", env!="test", by="x"}';
  const others: readonly (readonly [SkewOptions, Partial<SceneSeries>])[] = [
    [
      {
        ...MYSQL,
        metric: `kafka_log_size${matchers}`,
        by: "partition",
        for: "gauge",
        target: "2",
        runbook: "https://x",
      },
      { labels: { job: "db", by: "x" } },
    ],
    [
      { ...MYSQL, metric: `node:requests:sum_total${matchers}`, by: "pod", hold: "30s" },
      { labels: { job: "cache", by: "x" } },
    ],
    // More shards, since four cannot be so uneven; matchers of the label itself; one that an absent label does not meet.
    [
      {
        ...MYSQL,
        prefix: "far",
        target: "3.3",
        metric: 'far_total{instance=~"db-\\\\d+", instance!="db-00", topic!=""}',
      },
      { members: ["db-01", "db-02", "db-03", "db-04", "db-05"], labels: { topic: "a" } },
    ],
    [
      { ...MYSQL, prefix: "few", metric: 'few_total{instance=~"a|b|c", topic=~".+"}' },
      { members: ["a", "b", "c"], labels: { topic: "a" } },
    ],
    [{ ...MYSQL, prefix: "long", for: "gauge", target: "6", hold: "30m" }, { members: numbered(9) }],
  ];
  for (const [options, own] of others) {
    write([...skewFiles(parseSkewTarget(options)), skewScenes(options, own)], folder);
  }
  write([...chatSkewFiles(), skewScenes(CHAT, { labels: { result: "stored" } }, false)], folder);
  const prefixes = ["mysql-global-status-queries", "kafka-log-size", "node-requests-sum", "far", "few", "long", "chat"];
  const names = prefixes.map((name) => `${name}-skew.yml`);
  const rules = names.flatMap((name) => [`rules/${name}`, `alerts/${name}`]);
  const checked = await everyPromtool(["check", "rules", ...rules], folder);
  assert.ok(checked.ok, checked.output);
  const tested = await Promise.all(names.map((name) => everyPromtool(["test", "rules", `tests/${name}`], folder)));
  for (const { ok, output } of tested) assert.ok(ok, output);
});

test("these scenes notice rules that are wrong", { skip: skipWithoutPromtool }, async (t) => {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = [...skewFiles(parseSkewTarget(MYSQL)), skewScenes(MYSQL)];
  const name = "mysql-global-status-queries-skew.yml";
  const faults = [
    // Without the dispersion test, without the last minute, with nobody missed.
    { path: `alerts/${name}`, from: "> 10", to: "> -10" },
    { path: `alerts/${name}`, from: /over_mean:rate1m > 1.25/u, to: "over_mean:rate1m >= 0" },
    // Without what is sudden.
    { path: `alerts/${name}`, from: /\S+rate1m > 1.5\s+or /u, to: "" },
    { path: `alerts/${name}`, from: /\[1h\]\) - /u, to: "[1h]) - 1 - " },
    // One partial sum less than Gini's index needs.
    { path: `rules/${name}`, from: "sum(topk(2, ", to: "sum(topk(1, " },
  ];
  const seen = faults.map(async ({ path, from, to }, index) => {
    const broken = files.map((file) => (file.path === path ? { path, text: file.text.replace(from, to) } : file));
    assert.notDeepEqual(broken, files);
    const own = join(folder, String(index));
    write(broken, own);
    const { ok, output } = await promtool(["test", "rules", `tests/${name}`], own);
    assert.equal(ok, false, `${String(from)} → ${to}: ${output}`);
  });
  await Promise.all(seen);
});

test("the chat's own rules and alert are those of the same generator", () => {
  for (const { path, text } of chatSkewFiles()) {
    assert.equal(readFileSync(join(import.meta.dirname, "../../../prometheus", path), "utf8"), text, path);
  }
});

test("the dashboard shows every recorded index, each panel with its title, unit, description and legend", () => {
  const files = skewFiles(parseSkewTarget(MYSQL));
  const dashboard = JSON.parse(files.find(({ path }) => path.startsWith("dashboards/"))!.text) as {
    panels: {
      id: number;
      title: string;
      description: string;
      fieldConfig: { defaults: { unit: string } };
      targets: { expr: string; legendFormat: string }[];
    }[];
  };
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  for (const panel of dashboard.panels) {
    const { title, description, fieldConfig, targets } = panel;
    assert.ok(
      title && description && fieldConfig.defaults.unit && targets.every((target) => target.legendFormat),
      title,
    );
  }
  const shown = new Set(dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
  const recorded = [...files[0]!.text.matchAll(/record: "?([\w:]+)/gu)].map(([, name]) => name!);
  const hidden = recorded.filter((name) => !shown.has(name));
  // The other window of what is shown, for the alert.
  assert.deepEqual(
    hidden.map((name) => name.replace(/^.*:(?=.*:)/u, "")),
    ["mysql_global_status_queries:rate5m", "mysql_global_status_queries_over_mean:rate1m", "skew_max_over_mean:rate1m"],
  );
});

test("what cannot become rules is refused with every fault at once", () => {
  const bad = { metric: "a-b", by: "__name__", for: "histogram", target: "1", hold: "soon" };
  assert.throws(
    () => parseSkewTarget(bad),
    /BAD_RULES|--metric a-b.*--by __name__.*--for histogram.*--target 1.*--hold soon/u,
  );
  for (const metric of ["m{job='a'}", "m{job}", 'm{job="a" env="b"}', 'm{job="a}']) {
    assert.throws(() => parseSkewTarget({ ...MYSQL, metric }), /double quotes/u, metric);
  }
  for (const metric of ["m{}", 'm{job="a",}', 'm{ job =~ "(?i)db.*" , env!="\\"" }']) {
    assert.equal(parseSkewTarget({ ...MYSQL, metric }).metric, "m");
  }
  for (const unless of ["", "a\nb"]) {
    assert.throws(() => parseSkewTarget({ ...MYSQL, unless }), /--unless .*in one line/su);
  }
  assert.throws(() => parseSkewTarget({ ...MYSQL, target: "1e9", runbook: "a\n- b" }), /at most 64; --runbook/u);
});
