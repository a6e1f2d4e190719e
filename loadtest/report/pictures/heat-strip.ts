import { max } from "d3-array";
import { scaleLinear } from "d3-scale";
import type { Slice } from "../../measurement/measurement.ts";
import { count, perSecond } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { isNarrow, line, px, rect, soft, text, type Drawing, type Picture } from "./svg.ts";

/** Steps of the colour ramp; the style sheet has `heat-0` … `heat-6`. */
const LEVELS = 7;
/** More columns than this no screen shows; longer runs average several seconds into one. */
const COLUMNS = 240;

interface Grid {
  /** Seconds in one column. */
  readonly step: number;
  readonly columns: number;
  /** Messages per second by row (shard) and column. */
  readonly rates: readonly Float64Array[];
  readonly peak: number;
}

function gridOf(labels: readonly string[], slices: readonly Slice[], messagesOf: (slice: Slice) => number): Grid {
  const seconds = max(slices, (slice) => slice.second + (slice.seconds ?? 1)) ?? 1;
  const step = Math.ceil(seconds / COLUMNS);
  const columns = Math.ceil(seconds / step);
  const rowOf = new Map(labels.map((label, row) => [label, row]));
  const rates = labels.map(() => new Float64Array(columns));
  for (const slice of slices) {
    const { second: start, seconds: length = 1, shard } = slice;
    const messages = messagesOf(slice);
    const row = rates[rowOf.get(shard) ?? -1];
    if (row === undefined || start < 0) continue;
    for (let second = start; second < start + length; second += 1) {
      row[Math.floor(second / step)]! += messages / length / step;
    }
  }
  return { step, columns, rates, peak: max(rates, (row) => max(row)) ?? 0 };
}

/** One path per colour: neighbours of one level in a row are one rectangle. */
function cells(grid: Grid, x: (column: number) => number, top: number, row: number): string {
  const paths = Array.from({ length: LEVELS }, () => "");
  const level = (rate: number): number => Math.min(LEVELS - 1, Math.floor((rate / grid.peak) * LEVELS));
  grid.rates.forEach((rates, i) => {
    let start = 0;
    for (let column = 1; column <= grid.columns; column += 1) {
      const here = level(rates[start]!);
      const next = rates[column];
      if (next !== undefined && level(next) === here) continue;
      paths[here] += `M${px(x(start))} ${px(top + row * i)}H${px(x(column))}v${px(row - 2)}H${px(x(start))}z`;
      start = column;
    }
  });
  return paths.map((d, i) => (d === "" ? "" : `<path class="heat-${i}" d="${d}"/>`)).join("");
}

function legend(grid: Grid, right: number, y: number): string {
  const size = 16;
  const high = perSecond(grid.peak);
  const start = right - high.length * 7.6 - 6 - LEVELS * size;
  const steps = Array.from({ length: LEVELS }, (_, i) => rect(start + i * size, y - 10, size, 11, `heat-${i}`));
  return soft(start - 6, y, "0/s", "end") + steps.join("") + soft(right, y, high, "end");
}

function draw(result: Result, grid: Grid, width: number): Drawing {
  const narrow = isNarrow(width);
  const shards = result.shards.length;
  const row = shards <= 8 ? 26 : 14;
  const left = 34;
  const top = 30;
  const bottom = top + row * shards;
  const seconds = grid.columns * grid.step;
  const x = scaleLinear([0, grid.columns], [left, width - 4]);
  const at = (second: number): number => x(second / grid.step);
  const labels = result.shards.map(({ label }, i) => soft(left - 10, top + row * i + row / 2 + 3, label, "end"));
  const ticks = scaleLinear([0, seconds], [0, 1])
    .ticks(narrow ? 4 : 8)
    .filter((second) => Number.isInteger(second))
    .map((second) => {
      const last = at(second) > width - 30;
      return (
        line(at(second), bottom, at(second), bottom + 4, "rule") +
        text(last ? width - 4 : at(second), bottom + 18, `${count(second)}\u202fs`, {
          anchor: last ? "end" : "middle",
          className: "soft",
        })
      );
    });
  const warm = Number(result.run.dials["warmupS"] ?? 0);
  const end = warm + result.run.durationS;
  const marks = [
    warm > 0 ? line(at(warm), top - 6, at(warm), bottom + 4, "mark") : "",
    end < seconds - 0.5 ? line(at(end), top - 6, at(end), bottom + 4, "mark") : "",
  ];
  return {
    width,
    height: bottom + 26,
    body: legend(grid, width - 4, 14) + labels.join("") + cells(grid, x, top, row) + marks.join("") + ticks.join(""),
  };
}

/**
 * Messages per second, one row a shard, one column a second. Lines mark the ends of warm-up and of the
 * schedule.
 *
 * @returns null when the run's folder holds no slices
 */
function strip(
  result: Result,
  slices: readonly Slice[],
  id: string,
  title: string,
  messagesOf: (slice: Slice) => number,
): Picture | null {
  const grid = gridOf(
    result.shards.map(({ label }) => label),
    slices,
    messagesOf,
  );
  if (grid.peak === 0) return null;
  const per = grid.step === 1 ? "second" : `${grid.step} seconds`;
  return {
    id,
    title,
    description: `One row a shard, one column per ${per}; the darkest is ${perSecond(grid.peak)}.`,
    draw: (width) => draw(result, grid, width),
  };
}

/** Acknowledged messages per second; otherwise as `strip`. */
export const heatStrip = (result: Result, slices: readonly Slice[]): Picture | null =>
  strip(result, slices, "heat", "Acknowledged messages by shard and time", ({ acked }) => acked);

/** Failed messages per second, by the shard where they belong; otherwise as `strip`. */
export const failureStrip = (result: Result, slices: readonly Slice[]): Picture | null =>
  strip(result, slices, "failed", "Failed messages by shard and time", ({ failed = {} }) =>
    Object.values(failed).reduce((sum, count) => sum + count, 0),
  );
