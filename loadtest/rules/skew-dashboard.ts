import { SIGNIFICANT } from "./skew-rules.ts";
import { namesOf, type SkewTarget } from "./skew-target.ts";

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly type: "timeseries" | "stat";
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly width: number;
  readonly height: number;
  /** Where the line of the threshold is drawn. */
  readonly threshold?: number;
  readonly queries: readonly Query[];
}

const SOURCE = { type: "prometheus", uid: "${datasource}" };
const COLUMNS = 24;

/** A Grafana dashboard over the recorded rules of one target, to import by hand or to provision from a file. */
export function skewDashboard(target: SkewTarget): object {
  const panels = [...indices(target), ...courses(target)];
  return {
    uid: `skew-${target.prefix.replaceAll("_", "-")}`.slice(0, 40),
    title: `Skew of ${target.metric} by ${target.by}`,
    tags: ["hotshard", "skew"],
    schemaVersion: 39,
    editable: false,
    timezone: "browser",
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Data source", type: "datasource", query: "prometheus", current: {} }],
    },
    panels: placed(panels).map((panel, index) => ({ id: index + 1, ...panel })),
  };
}

function indices(target: SkewTarget): Panel[] {
  const names = namesOf(target);
  return [
    stat("Max over mean", "Largest load over the mean; 1 is even.", names.skew("max_over_mean")),
    stat(
      `Effective ${target.by}s`,
      "Total over the largest load: as many even ones would carry this load as badly.",
      names.effective,
    ),
    stat("Gini", "0 is even; near 1 one does everything.", names.skew("gini")),
    stat(`Reporting ${target.by}s`, "How many values of the label have data.", names.skew(`${target.by}s`)),
  ];
}

function stat(title: string, description: string, expr: string): Panel {
  return { type: "stat", title, description, unit: "none", width: 6, height: 4, queries: [{ expr, legend: title }] };
}

function courses(target: SkewTarget): Panel[] {
  const names = namesOf(target);
  const each = `{{${target.by}}}`;
  const graph = { type: "timeseries", unit: "none", width: 12, height: 8 } as const;
  const dispersion: Panel = {
    ...graph,
    title: "Beyond chance",
    description: `Standard deviations above what chance would do; the alert asks for more than ${SIGNIFICANT}.`,
    threshold: SIGNIFICANT,
    queries: [{ expr: names.skew("dispersion"), legend: "dispersion" }],
  };
  return [
    {
      ...graph,
      title: "Times the fair share",
      description: `Load over the mean of all; from ${target.target} it is hot.`,
      threshold: target.target,
      queries: [{ expr: names.overMean("5m"), legend: each }],
    },
    {
      ...graph,
      title: target.kind === "counter" ? "Rate" : "Load",
      description: `${target.metric} by ${target.by}, over one minute.`,
      unit: target.kind === "counter" ? "cps" : "short",
      queries: [{ expr: names.loads("1m"), legend: each }],
    },
    {
      ...graph,
      title: "Unevenness",
      description: "Coefficient of variation (0 is even) and Jain's fairness (1 is even).",
      queries: [
        { expr: names.skew("cv"), legend: "CV" },
        { expr: names.skew("jain"), legend: "Jain" },
      ],
    },
    ...(target.kind === "counter" ? [dispersion] : []),
  ];
}

function placed(panels: readonly Panel[]): object[] {
  let x = 0;
  let y = 0;
  return panels.map((panel, index) => {
    const isNewRow = x + panel.width > COLUMNS;
    if (isNewRow) {
      x = 0;
      y += panels[index - 1]!.height;
    }
    const at = { x, y, w: panel.width, h: panel.height };
    x += panel.width;
    return { ...drawn(panel), gridPos: at };
  });
}

function drawn({ type, title, description, unit, threshold, queries }: Panel): object {
  const steps = [
    { color: "green", value: null },
    ...(threshold === undefined ? [] : [{ color: "red", value: threshold }]),
  ];
  const style = threshold === undefined ? "off" : "line";
  return {
    type,
    title,
    description,
    datasource: SOURCE,
    fieldConfig: {
      defaults: { unit, thresholds: { mode: "absolute", steps }, custom: { thresholdsStyle: { mode: style } } },
      overrides: [],
    },
    options:
      type === "stat"
        ? { reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false }, colorMode: "none" }
        : {
            legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
            tooltip: { mode: "multi" },
          },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
