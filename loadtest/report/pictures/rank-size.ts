import { scaleLog } from "d3-scale";
import { line as path } from "d3-shape";
import { count, percent } from "../../stats/format.ts";
import { rankCurve, type RankShare } from "../../stats/rank-curve.ts";
import type { Result } from "../../analysis/result/result.ts";
import { dot, isNarrow, line, soft, type Drawing, type Picture } from "./svg.ts";

/** Neighbouring ranks on the curve differ by this factor. */
const STEP = 1.05;

/** A power of ten, which a logarithmic scale has at every tick that is worth a word. */
const decade = (tick: number): boolean => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9;

function draw(points: readonly RankShare[], fair: number, width: number): Drawing {
  const height = isNarrow(width) ? 210 : 240;
  const [left, top, bottom] = [58, 14, height - 40];
  const [first, last] = [points[0]!, points[points.length - 1]!];
  const x = scaleLog([1, Math.max(10, last.rank)], [left, width - 14]);
  const y = scaleLog([Math.min(last.share, fair), Math.max(first.share, fair) * 1.3], [bottom, top]);
  const curve = path<RankShare>()
    .x(({ rank }) => x(rank))
    .y(({ share }) => y(share))
    .digits(1);
  const ranks = x.ticks().filter(decade);
  const shares = y.ticks().filter((tick) => decade(tick) && Math.abs(y(tick) - y(fair)) > 16);
  const grid = [
    ...shares.map(
      (tick) =>
        line(left, y(tick), width - 14, y(tick), "grid") +
        soft(left - 8, y(tick) + 4, `${Number((tick * 100).toPrecision(1))}\u202f%`, "end"),
    ),
    ...ranks.map((tick) => soft(x(tick), bottom + 18, count(tick), "middle")),
  ];
  const heat = first.share > fair ? "hot" : "cool";
  return {
    width,
    height,
    body:
      grid.join("") +
      line(left, y(fair), width - 14, y(fair), "rule") +
      soft(width - 14, y(fair) - 6, `a shard's fair share, ${percent(fair)}`, "end") +
      `<path class="curve" d="${curve(points) ?? ""}"/>` +
      dot(x(1), y(first.share), 4.5, heat) +
      soft(width - 14, bottom + 34, "rank of the dialog, logarithmic", "end"),
  };
}

/**
 * Share of the messages by rank of the dialog, against the fair share of a shard: whatever lies above fills a shard
 * alone.
 *
 * @param counts messages per dialog, heaviest first
 * @returns null without dialogs
 */
export function rankSize(result: Result, counts: readonly number[]): Picture | null {
  if (counts.length === 0) return null;
  const total = counts.reduce((sum, n) => sum + n, 0);
  return popularityCurve(rankCurve(counts, total, STEP), 1 / result.shards.length);
}

/** @param points of the curve, heaviest first, the last one the lightest dialog. @param fair share of a shard */
export function popularityCurve(points: readonly RankShare[], fair: number): Picture {
  return {
    id: "ranks",
    title: "Share of the messages by rank of the dialog",
    description:
      `The heaviest of ${count(points[points.length - 1]!.rank)} dialogs has ` +
      `${percent(points[0]!.share, 2)} of the messages, the lightest ${percent(points[points.length - 1]!.share, 4)}.`,
    draw: (width) => draw(points, fair, width),
  };
}
