import { scaleSymlog } from "d3-scale";
import { dot, isNarrow, line, rect, soft, text, type Drawing, type Picture } from "./svg.ts";
import { FAILURES, type Change, type Comparison } from "../../analysis/result/comparison.ts";
import { changeInWords, changeOf, comparisonHeadline, metricInWords, placeInWords } from "../words/comparison.ts";

/** More rows than this nobody reads; the table below has all. */
const MOST_ROWS = 44;
const ROW = 20;

const weight = ({ outcome, shard, dialog, low, high }: Change): number => {
  if (outcome !== "same" && outcome !== "unclear") return 1e9;
  return shard === null && dialog === null ? 1e6 : Math.max(Math.abs(low), Math.abs(high));
};

/** What changed first, then the figures of all shards, then the widest of the rest; in the order of the table. */
function rowsOf({ changes }: Comparison): Change[] {
  const chosen = new Set([...changes].sort((a, b) => weight(b) - weight(a)).slice(0, MOST_ROWS));
  return changes.filter((one) => chosen.has(one) && Number.isFinite(one.low + one.high));
}

/** As far down as the tolerance is up: it is a share of the smaller figure, of failures points. */
const lowerTolerance = ({ metric, tolerance }: Change): number =>
  metric === FAILURES.metric ? -tolerance : -tolerance / (1 + tolerance);

const heatOf = ({ outcome }: Change): string => (outcome === "worse" ? "hot" : outcome === "same" ? "total" : "cool");

function draw(rows: readonly Change[], width: number): Drawing {
  const narrow = isNarrow(width);
  const left = narrow ? 168 : 220;
  const right = narrow ? 12 : 120;
  const top = 26;
  const bottom = top + ROW * rows.length;
  const ends = rows.flatMap((one) => [one.low, Math.min(one.high, 20), one.tolerance, lowerTolerance(one)]);
  const x = scaleSymlog([Math.min(-0.1, ...ends), Math.max(0.1, ...ends)], [left, width - right])
    .constant(0.1)
    .clamp(true);
  const marks = rows.map((one, i) => {
    const middle = top + ROW * i + ROW / 2;
    const heat = heatOf(one);
    const changed = one.outcome !== "same" && one.outcome !== "unclear";
    const band = x(lowerTolerance(one));
    const label = `${placeInWords(one)}, ${one.dialog === null ? metricInWords(one.metric) : "share"}`;
    return (
      rect(band, top + ROW * i, x(one.tolerance) - band, ROW, "band") +
      text(left - 10, middle + 4, label, { anchor: "end", className: changed ? "strong" : "soft" }) +
      line(x(one.low), middle, x(one.high), middle, "whisker") +
      dot(x(one.change), middle, 4.5, heat) +
      (narrow
        ? ""
        : text(width, middle + 4, changed ? changeOf(one, one.change) : one.outcome, {
            anchor: "end",
            className: one.outcome === "worse" ? "strong hot-ink" : "soft",
          }))
    );
  });
  const steps = [-0.9, -0.5, -0.2, -0.1, 0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
  let last = Number.NEGATIVE_INFINITY;
  const ticks = steps.filter((step) => {
    const [low, high] = x.domain();
    if (step < low! || step > high! || x(step) - last < 46) return false;
    last = x(step);
    return true;
  });
  const axis = ticks.map(
    (step) =>
      line(x(step), top, x(step), bottom, step === 0 ? "rule" : "grid") +
      soft(x(step), bottom + 16, step === 0 ? "0" : changeInWords(step).replace(".0", ""), "middle"),
  );
  return {
    width,
    height: bottom + 24,
    body:
      soft(left, 14, `change from A to B${narrow ? "" : " (failed: percentage points); the band is the tolerance"}`) +
      axis.join("") +
      marks.join(""),
  };
}

/** Every figure's change with its interval against the tolerance; null when nothing was compared. */
export function forestPlot(comparison: Comparison): Picture | null {
  const rows = rowsOf(comparison);
  if (rows.length === 0) return null;
  return {
    id: "changes",
    title: "Change of each figure from A to B",
    description: comparisonHeadline(comparison),
    draw: (width) => draw(rows, width),
  };
}
