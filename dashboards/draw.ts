import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { text } from "../loadtest/report/pictures/svg.ts";
import { CHROMIUM, findProgram } from "../tools/stack/programs.ts";
import { drawPanel } from "./draw-panel.ts";
import { substitute } from "./queries.ts";
import { seriesOf, type DrawnSeries, type TimeRange } from "./range.ts";

/**
 * `node dashboards/draw.ts --prometheus URL --out FILE.svg|png`: draws a dashboard from its JSON's own queries, where no
 * Grafana can be had. It has Grafana's grid, not its looks; panels of logs are left out.
 */
const { values } = parseArgs({
  options: {
    prometheus: { type: "string", default: "http://127.0.0.1:9090" },
    dashboard: { type: "string", default: "hotshard-shards" },
    minutes: { type: "string", default: "15" },
    rate: { type: "string", default: "20s" },
    /** Rows of Grafana's grid: a panel has 8. */
    rows: { type: "string", default: "1000" },
    out: { type: "string", default: "dashboard.png" },
  },
});

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[];
}

const COLUMN = 60;
const ROW = 30;
const GAP = 8;
const HEAD = 44;
const STYLE = `svg { font: 13px system-ui, "DejaVu Sans", sans-serif; background: #0b0c0f }
text { fill: #d5d6e0 } .soft { fill: #9294a3 } .title { font-weight: 600 } .panel { fill: #16181d; stroke: #2a2d35 }
.grid { stroke: #272a31 } .line { fill: none; stroke-width: 1.6; stroke-linejoin: round } .head { font-size: 19px; font-weight: 600 }`;

const file = join(import.meta.dirname, "json", `${values.dashboard}.json`);
const { panels: all, title } = JSON.parse(readFileSync(file, "utf8")) as { panels: Panel[]; title: string };
const panels = all.filter(({ type, gridPos }) => type !== "logs" && gridPos.y + gridPos.h <= Number(values.rows));
const end = Math.floor(Date.now() / 1_000);
const seconds = Number(values.minutes) * 60;
const range: TimeRange = { start: end - seconds, end, step: Math.max(5, Math.round(seconds / 200)) };

const width = 24 * COLUMN + GAP;
const height = HEAD + ROW * Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + GAP;
const bodies = await Promise.all(panels.map(place));
const moment = `${new Date(range.start * 1_000).toISOString().slice(0, 16).replace("T", " ")} to ${new Date(end * 1_000).toISOString().slice(11, 16)} UTC`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${STYLE}</style>
${text(12, 28, title, { className: "head" })}${text(width - 12, 28, moment, { anchor: "end", className: "soft" })}
${bodies.join("\n")}
</svg>
`;
if (values.out.endsWith(".svg")) await writeFile(values.out, svg);
else await photograph(svg, resolve(values.out));
process.stderr.write(`${values.out}: ${panels.length} panels\n`);

async function place({ title: name, type, gridPos, fieldConfig, targets }: Panel): Promise<string> {
  const series: DrawnSeries[] = [];
  for (const { expr, legendFormat = "" } of targets) {
    series.push(
      ...(await seriesOf(values.prometheus, substitute(expr, values.rate, `${seconds}s`), legendFormat, range)),
    );
  }
  const size = { width: gridPos.w * COLUMN - GAP, height: gridPos.h * ROW - GAP };
  const panel = { title: name, kind: type, unit: fieldConfig.defaults.unit ?? "", series };
  return `<g transform="translate(${gridPos.x * COLUMN + GAP} ${HEAD + gridPos.y * ROW})">${drawPanel(panel, range, size)}</g>`;
}

async function photograph(picture: string, target: string): Promise<void> {
  const chromium = await findProgram(CHROMIUM);
  if (chromium === null) throw new Error("no chromium: give --out a name that ends with .svg");
  const folder = await mkdtemp(join(tmpdir(), "hotshard-draw-"));
  try {
    const page = join(folder, "dashboard.html");
    await writeFile(page, `<!doctype html><style>body { margin: 0 }</style>${picture}`);
    const options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"];
    await promisify(execFile)(chromium, [
      ...options,
      `--window-size=${width},${height}`,
      `--screenshot=${target}`,
      `file://${page}`,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
