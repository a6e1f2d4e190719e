import { scaleLog } from "d3-scale";
import { line as path } from "d3-shape";
import { times } from "../../stats/format.ts";
import { briefly } from "../words/what-if.ts";
import { dot, isNarrow, line, soft, text, type Drawing, type Picture } from "./svg.ts";
import type { WhatIf, WhatIfRow } from "../../analysis/result/what-if.ts";

interface Point {
  readonly shards: number;
  readonly ratio: number;
}

/** Labels closer than this would cover one another, px. */
const APART = 15;

const pointsOf = (rows: readonly WhatIfRow[], placement: string): Point[] =>
  rows
    .filter((row) => row.placement === placement)
    .map(({ shards, maxOverMean }) => ({ shards, ratio: maxOverMean }))
    .sort((a, b) => a.shards - b.shards);

/** Without `range`: outgrown by definition, it would press all others onto the axis. */
const drawn = ({ rows }: WhatIf): WhatIfRow[] => rows.filter(({ placement }) => placement !== "range");

function draw(document: WhatIf, width: number): Drawing {
  const { today, target, input } = document;
  const rows = drawn(document);
  const narrow = isNarrow(width);
  const height = narrow ? 230 : 280;
  const [left, right, top, bottom] = [44, narrow ? 88 : 190, 16, height - 40];
  const sizes = [...new Set(rows.map(({ shards }) => shards))].sort((a, b) => a - b);
  const placements = [...new Set(rows.map(({ placement }) => placement))];
  const alone = sizes.map((shards): Point => ({ shards, ratio: Math.max(1, shards * input.topShare) }));
  const most = Math.max(1.5, target, ...rows.map(({ maxOverMean }) => maxOverMean), ...alone.map(({ ratio }) => ratio));
  const x = scaleLog([sizes[0]!, Math.max(sizes.at(-1)!, sizes[0]! * 2)], [left, width - right]);
  const y = scaleLog([1, most * 1.05], [bottom, top]);
  const curve = path<Point>()
    .x(({ shards }) => x(shards))
    .y(({ ratio }) => y(ratio))
    .digits(1);
  const ticks = [1, 1.25, 1.5, 2, 3, 5, 10, 20, 40, 64].filter((tick) => tick <= most * 1.05);
  const shown = ticks.filter((tick, i) => i === 0 || y(ticks[i - 1]!) - y(tick) > 13);
  const ends = placements
    .map((placement) => ({ placement, last: pointsOf(rows, placement).at(-1)! }))
    // One that is for some number of shards alone has no end here.
    .filter(({ last }) => last.shards === sizes.at(-1))
    .map(({ placement, last }) => ({ placement, at: y(last.ratio) }))
    .sort((a, b) => a.at - b.at);
  const labels: { names: string[]; at: number }[] = [];
  for (const { placement, at } of ends) {
    const last = labels.at(-1);
    const name = briefly(placement.replace("virtualNodes=", ""));
    if (last !== undefined && at - last.at < APART) last.names.push(name);
    else labels.push({ names: [name], at });
  }
  const heat = today.maxOverMean > target ? "hot" : "cool";
  // Right of the middle there is room on the left only.
  const late = x(today.shards) > width / 2;
  return {
    width,
    height,
    body:
      shown
        .map(
          (tick) =>
            line(left, y(tick), width - right, y(tick), "grid") + soft(left - 8, y(tick) + 4, String(tick), "end"),
        )
        .join("") +
      sizes
        .filter((size) => !narrow || Number.isInteger(Math.log2(size)))
        .map((size) => soft(x(size), bottom + 18, String(size), "middle"))
        .join("") +
      soft(width - right, bottom + 34, "shards", "end") +
      line(left, y(target), width - right, y(target), "mark") +
      `<path class="floor" d="${curve(alone) ?? ""}"/>` +
      placements.map((placement) => `<path class="curve" d="${curve(pointsOf(rows, placement)) ?? ""}"/>`).join("") +
      labels.map(({ names, at }) => soft(width - right + 8, at + 4, named(names, narrow))).join("") +
      dot(x(today.shards), y(today.maxOverMean), 5, heat) +
      text(
        x(today.shards) + (late ? -8 : 8),
        y(today.maxOverMean) + (late ? 4 : -8),
        `today ${times(today.maxOverMean)}`,
        {
          anchor: late ? "end" : "start",
          className: `strong halo${heat === "hot" ? " hot-ink" : ""}`,
        },
      ),
  };
}

/** As many as there is room for. */
function named(names: readonly string[], narrow: boolean): string {
  const most = narrow ? 1 : 2;
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} +${names.length - most}`;
}

/** Max/mean by number of shards, a line a placement, and what the heaviest key forces on all of them. */
export function skewBySize(document: WhatIf): Picture {
  const { today, input } = document;
  const rows = drawn(document);
  const sizes = rows.map(({ shards }) => shards);
  const [few, many] = [Math.min(...sizes), Math.max(...sizes)];
  const worst = Math.max(...rows.filter(({ shards }) => shards === many).map(({ maxOverMean }) => maxOverMean));
  const best = Math.min(...rows.filter(({ shards }) => shards === many).map(({ maxOverMean }) => maxOverMean));
  return {
    id: "sizes",
    title: "Max/mean by number of shards",
    description:
      `From ${few} to ${many} shards; on ${many} the placements lie between ${times(best)} and ` +
      `${times(worst)}, and the heaviest key alone forces ${times(Math.max(1, many * input.topShare))}. Today ` +
      `${today.placement} on ${today.shards} has ${times(today.maxOverMean)}.`,
    draw: (width) => draw(document, width),
  };
}
