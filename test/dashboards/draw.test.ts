import assert from "node:assert/strict";
import { test } from "node:test";
import { drawPanel, type PanelData } from "../../dashboards/draw-panel.ts";

const RANGE = { start: 1_000, end: 1_060, step: 10 };
const SIZE = { width: 700, height: 240 };
const panel = (kind: string, ...series: PanelData["series"]) =>
  drawPanel({ title: "a <title>", kind, unit: "mps", series }, RANGE, SIZE);

test("a line breaks where samples are missing, and its legend has the last value and the largest", () => {
  const svg = panel("timeseries", {
    name: "shard 00",
    points: [
      [1_000, 5],
      [1_010, 70],
      [1_040, 12_345],
      [1_050, 2],
    ],
  });
  const [, path = ""] = / d="(M[^"]*)"/u.exec(svg) ?? [];
  assert.equal(path.replaceAll(/[^ML]/gu, ""), "MLML");
  assert.match(svg, />shard 00<.*>2 msg\/s<.*>12\.3 k msg\/s</u);
  assert.match(svg, /a &lt;title&gt;/u);
});

const points = (value: number) => [1_010, 1_020].map((time) => [time, value] as const);

test("a heat map has a cell a sample, the largest in the last colour; no data says so", () => {
  const svg = panel("heatmap", { name: "00", points: points(1) }, { name: "01", points: points(9) });
  // 240 px without title and axis, by two rows, two pixels apart.
  const cells = [...svg.matchAll(/height="85" fill="(#\w+)"/gu)].map((match) => match[1]);
  assert.equal(cells.length, 4, svg);
  assert.equal(new Set(cells).size, 2);
  assert.match(panel("timeseries"), /no data/u);
});
