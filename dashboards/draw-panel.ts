import { extent, max } from "d3-array";
import { scaleLinear, type ScaleLinear } from "d3-scale";
import { line, px, rect, text } from "../loadtest/report/pictures/svg.ts";
import type { DrawnSeries, TimeRange } from "./range.ts";

/** A panel of a dashboard with the data of its queries. */
export interface PanelData {
  readonly title: string;
  readonly kind: string;
  /** Grafana's id of a unit. */
  readonly unit: string;
  readonly series: readonly DrawnSeries[];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const COLOURS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#f2495c", "#b877d9", "#8ab8ff", "#fade2a", "#96d98d"];
/** From nothing to the most, over the panel's own colour. */
const HEAT = ["#1c1e23", "#3b2618", "#5c2f14", "#7f3a10", "#a3470d", "#c7560f", "#e86a17", "#ff8a3c", "#ffb27a"];
const TOP = 40;
const BOTTOM = 26;
const LEFT = 58;
const LEGEND = 280;
/** Samples that lie further apart than so many steps have a gap between them. */
const GAP_STEPS = 1.5;
/** Characters of a name that have room beside its values. */
const MOST_NAME = 17;

/** SVG of one panel at 0, 0. What it cannot draw, and what has no data, says so. */
export function drawPanel(panel: PanelData, range: TimeRange, size: Size): string {
  const frame = rect(0, 0, size.width, size.height, "panel") + text(12, 22, panel.title, { className: "title" });
  if (panel.series.length === 0) {
    return frame + text(size.width / 2, size.height / 2, "no data", { anchor: "middle", className: "soft" });
  }
  return frame + (panel.kind === "heatmap" ? heatMap(panel, range, size) : timeSeries(panel, range, size));
}

function timeSeries({ series, unit }: PanelData, range: TimeRange, { width, height }: Size): string {
  const right = width - LEGEND;
  const bottom = height - BOTTOM;
  const x = scaleLinear([range.start, range.end], [LEFT, right]);
  const y = scaleLinear(domainOf(series), [bottom, TOP]).nice(4);
  const rows = y
    .ticks(4)
    .map(
      (value) =>
        line(LEFT, y(value), right, y(value), "grid") +
        text(LEFT - 8, y(value) + 4, inUnit(value, unit), { anchor: "end", className: "soft" }),
    );
  const lines = series.map(({ points }, index) => {
    const path = points.map(([time, value], at) => {
      const isNew = at === 0 || time - points[at - 1]![0] > GAP_STEPS * range.step;
      return `${isNew ? "M" : "L"}${px(x(time))} ${px(y(value))}`;
    });
    return `<path class="line" stroke="${colourOf(index)}" d="${path.join("")}"/>`;
  });
  return rows.join("") + timeAxis(x, range, bottom) + lines.join("") + legendOf(series, unit, width);
}

/** Zero belongs to it unless all values are far from it. */
function domainOf(series: readonly DrawnSeries[]): [number, number] {
  const [least = 0, most = 1] = extent(
    series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite),
  );
  const from = least > 0.5 * most ? least : Math.min(0, least);
  return most > from ? [from, most] : [Math.min(0, from), Math.max(1, most)];
}

/** Name, last value and largest, as the dashboards' legends have them. */
function legendOf(series: readonly DrawnSeries[], unit: string, width: number): string {
  const head =
    text(width - 74, TOP, "last", { anchor: "end", className: "soft" }) +
    text(width - 10, TOP, "max", { anchor: "end", className: "soft" });
  const rows = series.slice(0, 9).map(({ name, points }, index) => {
    const y = TOP + 20 * (index + 1);
    const values = points.map(([, value]) => value);
    return (
      `<rect x="${width - LEGEND + 14}" y="${y - 6}" width="12" height="3" fill="${colourOf(index)}"/>` +
      text(width - LEGEND + 32, y, name.length > MOST_NAME ? `${name.slice(0, MOST_NAME - 1)}…` : name) +
      text(width - 74, y, inUnit(values.at(-1) ?? Number.NaN, unit), { anchor: "end" }) +
      text(width - 10, y, inUnit(max(values) ?? Number.NaN, unit), { anchor: "end" })
    );
  });
  return head + rows.join("");
}

/** One row a series, one column a step. */
function heatMap({ series, unit }: PanelData, range: TimeRange, { width, height }: Size): string {
  const left = LEFT + 12;
  const bottom = height - BOTTOM;
  const x = scaleLinear([range.start, range.end], [left, width - 12]);
  const row = (bottom - TOP) / series.length;
  const most = max(series, ({ points }) => max(points, ([, value]) => value)) ?? 0;
  const cells = series.flatMap(({ points }, index) =>
    points.map(([time, value]) => {
      const level = most > 0 ? Math.min(HEAT.length - 1, Math.floor((value / most) * HEAT.length)) : 0;
      const from = Math.max(left, x(time - range.step));
      const y = TOP + row * (series.length - 1 - index);
      // Half a pixel over the edge, or the neighbours' edges would shine through.
      return `<rect x="${px(from)}" y="${px(y)}" width="${px(x(time) - from + 0.5)}" height="${px(row - 2)}" fill="${HEAT[level]}"/>`;
    }),
  );
  const names = series.map(({ name }, index) =>
    text(left - 8, TOP + row * (series.length - 1 - index) + row / 2 + 3, name, { anchor: "end", className: "soft" }),
  );
  const scale = HEAT.map(
    (colour, index) => `<rect x="${width - 230 + index * 16}" y="12" width="16" height="10" fill="${colour}"/>`,
  );
  const ends =
    text(width - 238, 21, inUnit(0, unit), { anchor: "end", className: "soft" }) +
    text(width - 78, 21, inUnit(most, unit), { className: "soft" });
  return cells.join("") + names.join("") + scale.join("") + ends + timeAxis(x, range, bottom);
}

function timeAxis(x: ScaleLinear<number, number>, { start, end }: TimeRange, bottom: number): string {
  const every = [30, 60, 120, 300, 600, 1_800, 3_600].find((seconds) => (end - start) / seconds <= 7) ?? 7_200;
  const first = Math.ceil(start / every) * every;
  const times = Array.from({ length: Math.floor((end - first) / every) + 1 }, (_, index) => first + index * every);
  return times
    .map((time) => {
      const label = new Date(time * 1_000).toISOString().slice(11, every < 60 ? 19 : 16);
      return text(x(time), bottom + 18, label, { anchor: "middle", className: "soft" });
    })
    .join("");
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

const SUFFIXES: Readonly<Record<string, string>> = { mps: " msg/s", ops: " ops/s", bytes: "B", Bps: "B/s" };

/** As Grafana would write it, with three digits. */
function inUnit(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "–";
  if (unit === "percentunit") return `${digits(100 * value)} %`;
  if (unit === "s") return value !== 0 && Math.abs(value) < 1 ? `${digits(1_000 * value)} ms` : `${digits(value)} s`;
  const suffix = SUFFIXES[unit] ?? "";
  if (Math.abs(value) >= 1e6) return `${digits(value / 1e6)} M${suffix}`;
  if (Math.abs(value) >= 1e4) return `${digits(value / 1e3)} k${suffix}`;
  return `${digits(value)}${suffix}`;
}

function digits(value: number): string {
  return String(Number(Math.abs(value) >= 1_000 ? value.toFixed(0) : value.toPrecision(3)));
}
