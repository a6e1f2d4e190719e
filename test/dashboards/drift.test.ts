import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dashboardOf } from "../../dashboards/dashboard.ts";
import { labelsOf, queriesOf, substitute } from "../../dashboards/queries.ts";
import { DASHBOARDS } from "../../dashboards/registry.ts";
import { parser } from "@grafana/lezer-logql";
import { METRICS } from "../../server/observability/metric-names.ts";

const ROOT = join(import.meta.dirname, "../..");
const JSON_FOLDER = join(ROOT, "dashboards/json");

/** Exported, and on no dashboard and in no rule for a reason. */
const UNUSED: Readonly<Record<string, string>> = {};

const queries = queriesOf(JSON_FOLDER);
const rules = globSync("prometheus/{rules,alerts}/*.yml", { cwd: ROOT })
  .map((file) => readFileSync(join(ROOT, file), "utf8").replaceAll(/^\s*#.*$/gmu, ""))
  .join("\n");
const recorded = new Set([...rules.matchAll(/record: "?([\w:]+)/gu)].map((match) => match[1]!));

function metricsIn(text: string): string[] {
  // Not the names of recorded series, which have colons around it.
  const names = [...text.matchAll(/(?<![\w:])chat_\w+(?![\w:])/gu)].map((match) => match[0]);
  return names.map((name) => (name in METRICS ? name : name.replace(/_(?:bucket|sum|count)$/u, "")));
}

test("the checked-in JSON is what the sources make: `node dashboards/build.ts`", () => {
  const files = globSync("*.json", { cwd: JSON_FOLDER }).sort();
  assert.deepEqual(files, DASHBOARDS.map(({ uid }) => `${uid}.json`).sort());
  for (const spec of DASHBOARDS) {
    const made = JSON.parse(JSON.stringify(dashboardOf(spec))) as unknown;
    assert.deepEqual(JSON.parse(readFileSync(join(JSON_FOLDER, `${spec.uid}.json`), "utf8")), made);
  }
});

test("every metric of the server is on a dashboard or in a rule, and those use no other", () => {
  const used = new Set([...queries.flatMap(({ expr }) => metricsIn(expr)), ...metricsIn(rules)]);
  const names = Object.keys(METRICS);
  assert.deepEqual(
    names.filter((name) => !used.has(name)),
    Object.keys(UNUSED),
  );
  assert.deepEqual(
    [...used].filter((name) => !names.includes(name)),
    [],
  );
});

test("every recorded series that a dashboard shows is made by a rule", () => {
  const shown = queries.flatMap(({ expr }) => [...expr.matchAll(/\w+:\w+(?::\w+)?/gu)].map((match) => match[0]));
  assert.ok(shown.length > 20);
  assert.deepEqual(
    shown.filter((name) => !recorded.has(name)),
    [],
  );
});

test("every LogQL parses", () => {
  const logql = queries.filter(({ language }) => language === "logql");
  assert.ok(logql.length >= 2);
  for (const { where, expr } of logql) assert.equal(faultsIn(substitute(expr, "1m")), 0, `${where}: ${expr}`);
  assert.ok(faultsIn('{app="hotshard" |= ') > 0, "the parser says what is wrong");
});

function faultsIn(expr: string): number {
  let faults = 0;
  parser.parse(expr).iterate({ enter: (node) => void (faults += node.type.isError ? 1 : 0) });
  return faults;
}

interface LintedPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource: { readonly uid: string };
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly options: { readonly legend?: { readonly showLegend?: boolean } };
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat?: string }[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

/** Those of the linter's units that are used here; others would be drawn as they are written. */
const UNITS = new Set(["short", "percentunit", "bool_on_off", "bytes", "Bps", "s", "mps", "ops"]);

/** MySQL's counters have no `_total`, and k6 writes trends as native histograms. */
const COUNTER = /_(?:total|sum|count|bucket)$|^mysql_|^k6_hotshard_delivery/u;
/** Grafana's linter wants `job` and `instance` in every selector; these have no such labels. */
const WITHOUT_INSTANCE = /^(?:[\w:]*:[\w:]+|.*(?:k6_|mysql_|node_|container_|ALERTS))/u;

test("the rules of Grafana's dashboard linter hold", () => {
  for (const spec of DASHBOARDS) {
    const { editable, templating, panels, uid } = JSON.parse(JSON.stringify(dashboardOf(spec))) as {
      editable: boolean;
      uid: string;
      templating: { list: { name: string; label: string; type: string; query?: string; refresh?: number }[] };
      panels: LintedPanel[];
    };
    assert.equal(editable, false, "uneditable");
    const variables = new Set(templating.list.map(({ name }) => name));
    for (const name of ["job", "instance", "shard", "limit"]) assert.ok(variables.has(name), name);
    for (const { label, name, query, refresh, type } of templating.list) {
      if (type === "query") assert.equal(refresh, 2, "reload by time");
      if (type !== "datasource") continue;
      // With two data sources the linter wants each named after its kind.
      assert.equal(name, `${query}_datasource`);
      assert.equal(label.toLowerCase(), `${query} data source`);
    }
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, "panel ids differ");
    for (const panel of panels) {
      const where = `${uid}: ${panel.title}`;
      assert.ok(panel.title !== "" && (panel.description ?? "").length > 20, `${where} says what it is`);
      assert.match(panel.datasource.uid, /^\$\{(?:prometheus|loki)_datasource\}$/u, where);
      assert.ok(UNITS.has(panel.fieldConfig.defaults.unit ?? ""), `${where} has a unit that Grafana knows`);
      assert.ok(panel.targets.length > 0 && panel.gridPos.x + panel.gridPos.w <= 24, where);
      if (panel.type === "timeseries") assert.equal(panel.options.legend?.showLegend, true, where);
      assert.equal(new Set(panel.targets.map(({ refId }) => refId)).size, panel.targets.length, where);
      for (const { expr, legendFormat } of panel.targets) lintQuery(where, expr, panel.type, legendFormat ?? "");
    }
  }
});

function lintQuery(where: string, expr: string, type: string, legend: string): void {
  if (type === "logs") return;
  assert.ok(legend !== "", `${where} names its series`);
  if (/by \((?:\w+, )*shard/u.test(expr)) assert.ok(labelsOf(legend).includes("shard"), `${where} names shards`);
  for (const [call, inner] of expr.matchAll(/(?:rate|increase)\((\w+)/gu)) {
    assert.match(inner!, COUNTER, `${where}: ${call} of a counter`);
  }
  for (const [, window] of expr.matchAll(/\[([^\]]+)\]/gu)) {
    // Five minutes where a quantile of few observations would jump.
    assert.match(window!, /^(?:\$__rate_interval|\$__range|5m)$/u, where);
  }
  if (WITHOUT_INSTANCE.test(expr)) return;
  for (const [selector] of expr.matchAll(/chat_\w+(?:\{[^}]*\})?/gu)) {
    assert.match(selector, /job=~"\$job", instance=~"\$instance"/u, `${where}: ${selector}`);
  }
}

test("a panel of many shards shows the largest of the range, also when the traffic is over", () => {
  const shown = queries.filter(({ expr }) => expr.includes("topk("));
  assert.ok(shown.length > 5);
  for (const { where, expr } of shown) {
    const [all, top] = expr.split(" and topk($limit, ");
    assert.equal(top, `max_over_time(${all}[$__range] @ end()))`, where);
  }
});

test("panels lead on: from the overview to shards, to dialogs, to their log lines, to the runbooks that exist", () => {
  const links = DASHBOARDS.flatMap(({ uid, panels }) =>
    panels.flatMap((panel) => (panel.links ?? []).map(([, url]) => ({ uid, url }))),
  );
  for (const { panels } of DASHBOARDS.map(dashboardOf)) {
    for (const { title, url, targetBlank } of (panels ?? []).flatMap((panel) =>
      "links" in panel ? panel.links! : [],
    )) {
      // Grafana takes any other link that begins with `/` for one of its own pages, and has none there.
      if (url?.startsWith("${docs}") === true) assert.equal(targetBlank, true, title);
    }
  }
  const uids = new Set(DASHBOARDS.map(({ uid }) => uid));
  for (const { url } of links) {
    const [, dashboard] = /^\/d\/([\w-]+)\?/u.exec(url) ?? [];
    const [, runbook] = /^\$\{docs\}\/(.+)$/u.exec(url) ?? [];
    if (dashboard !== undefined) assert.ok(uids.has(dashboard), url);
    else assert.ok(runbook !== undefined && globSync(`docs/${runbook}`, { cwd: ROOT }).length === 1, url);
  }
  const leads = (from: string, to: string) =>
    assert.ok(
      links.some(({ uid, url }) => uid === from && url.includes(to)),
      `${from} → ${to}`,
    );
  leads("hotshard-overview", "/d/hotshard-shards");
  leads("hotshard-shards", "/d/hotshard-dialogs");
  leads("hotshard-dialogs", "runbooks/hot-dialog.md");
});
