import { globSync, readFileSync } from "node:fs";

/** A query of a panel, an annotation or a variable, with its variables in it. */
export interface PanelQuery {
  /** `hotshard-shards: Shard × time` */
  readonly where: string;
  readonly language: "promql" | "logql";
  readonly expr: string;
  readonly legend: string;
}

interface Target {
  readonly expr?: string;
  readonly legendFormat?: string;
}

interface Panel {
  readonly title?: string;
  readonly datasource?: { readonly type?: string };
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations?: { readonly list?: readonly { readonly name: string; readonly expr?: string }[] };
}

/** Every query of the dashboards (classic JSON) in a folder. */
export function queriesOf(folder: string): PanelQuery[] {
  return globSync("*.json", { cwd: folder })
    .sort()
    .map((file) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Dashboard)
    .flatMap((dashboard) => [
      ...dashboard.panels.flatMap((panel) => ofPanel(dashboard.uid, panel)),
      ...runs(dashboard),
    ]);
}

function ofPanel(uid: string, panel: Panel): PanelQuery[] {
  const language = panel.datasource?.type === "loki" ? ("logql" as const) : ("promql" as const);
  const own = (panel.targets ?? []).map(({ expr = "", legendFormat = "" }) => {
    return { where: `${uid}: ${panel.title ?? ""}`, language, expr, legend: legendFormat };
  });
  return [...own, ...(panel.panels ?? []).flatMap((inner) => ofPanel(uid, inner))];
}

function runs({ uid, annotations }: Dashboard): PanelQuery[] {
  return (annotations?.list ?? []).flatMap(({ name, expr }) =>
    expr === undefined ? [] : [{ where: `${uid}: ${name}`, language: "promql" as const, expr, legend: "" }],
  );
}

/**
 * Puts values in the place of Grafana's variables: everything is selected.
 *
 * @param rate for `$__rate_interval`: `1m`
 * @param range for `$__range`
 */
export function substitute(expr: string, rate: string, range = "5m"): string {
  return expr
    .replaceAll(/\$(?:__rate_interval|\{__rate_interval\})/gu, rate)
    .replaceAll(/\$(?:__range|\{__range\})/gu, range)
    .replaceAll(/\$(?:limit|\{limit\})/gu, "10")
    .replaceAll(/\$(?:\w+|\{\w+(?::\w+)?\})/gu, ".+");
}

/** Labels that a legend names: `{{shard}}` → `shard`. */
export function labelsOf(legend: string): string[] {
  return [...legend.matchAll(/\{\{\s*(\w+)\s*\}\}/gu)].map((match) => match[1]!);
}
