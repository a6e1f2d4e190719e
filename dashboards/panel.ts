import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { LegendDisplayMode, LegendPlacement, VizLegendOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import { DashboardLinkBuilder, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { HeatmapColorOptionsBuilder, PanelBuilder as Heatmap } from "@grafana/grafana-foundation-sdk/heatmap";
import { PanelBuilder as Logs } from "@grafana/grafana-foundation-sdk/logs";
import { DataqueryBuilder as LokiQuery } from "@grafana/grafana-foundation-sdk/loki";
import { DataqueryBuilder as PrometheusQuery } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";

export const PROMETHEUS = { type: "prometheus", uid: "${prometheus_datasource}" };
const LOKI = { type: "loki", uid: "${loki_datasource}" };

/** An expression and the legend of its series: `shard {{shard}}`. */
export type Query = readonly [expr: string, legend: string];

export interface PanelSpec {
  readonly kind: "stat" | "timeseries" | "heatmap" | "logs";
  readonly title: string;
  /** What it shows, and what to do about it. */
  readonly description: string;
  /** Grafana's id of a unit: `s`, `bytes`, `percentunit`, `mps` (messages a second), `short`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Columns of 24; by default a stat has 4, others 12. */
  readonly width?: number;
  /** The next question: title and address. */
  readonly links?: readonly (readonly [title: string, url: string])[];
}

/** Address of another dashboard that keeps time and variables. */
export function toDashboard(uid: string): string {
  return `/d/${uid}?\${__url_time_range}&\${instance:queryparam}&\${shard:queryparam}`;
}

/** A page of `docs/runbooks/`, where the repository's home is told by the variable `docs`. */
export function toRunbook(name: string): string {
  return `\${docs}/runbooks/${name}.md`;
}

/**
 * Of many series those `$limit` that were once the largest in the range, the same ones all along it.
 *
 * @param selector a gauge or a recorded series
 */
export function largest(selector: string): string {
  // Not the largest at its end: when the traffic is over, that is none.
  return `${selector} and topk($limit, max_over_time(${selector}[$__range] @ end()))`;
}

export function widthOf({ kind, width }: PanelSpec): number {
  return width ?? (kind === "stat" ? 4 : 12);
}

export function heightOf({ kind }: PanelSpec): number {
  return kind === "stat" ? 4 : 8;
}

/** @param place columns and rows of Grafana's grid */
export function panelOf(spec: PanelSpec, id: number, place: { x: number; y: number }): Builder<Panel> {
  const panel = visual(spec)
    .id(id)
    .title(spec.title)
    .description(spec.description)
    .unit(spec.unit)
    .datasource(spec.kind === "logs" ? LOKI : PROMETHEUS)
    .gridPos({ ...place, w: widthOf(spec), h: heightOf(spec) })
    .links((spec.links ?? []).map(([title, url]) => linkOf(title, url)));
  spec.queries.forEach((query, index) => panel.withTarget(target(spec, query, String.fromCodePoint(65 + index))));
  return panel;
}

/** Grafana would look for a runbook among its own pages, were it not to open in a tab of its own. */
function linkOf(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).url(url).targetBlank(url.startsWith("${docs}"));
}

function visual({ kind }: PanelSpec): Heatmap | Logs | Stat | TimeSeries {
  if (kind === "stat") return new Stat();
  if (kind === "logs") return new Logs().wrapLogMessage(true).enableLogDetails(true);
  if (kind === "heatmap") {
    const color = new HeatmapColorOptionsBuilder().scheme("Oranges").steps(64);
    return new Heatmap().calculate(false).color(color).showLegend();
  }
  const legend = new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Right)
    .calcs(["lastNotNull", "max"]);
  return new TimeSeries().legend(legend).lineWidth(1).fillOpacity(5);
}

function target({ kind }: PanelSpec, [expr, legend]: Query, refId: string): PrometheusQuery | LokiQuery {
  if (kind === "logs") return new LokiQuery().refId(refId).expr(expr).datasource(LOKI);
  return new PrometheusQuery().refId(refId).expr(expr).legendFormat(legend).range().datasource(PROMETHEUS);
}
