import { max, min } from "d3-array";
import { scaleLinear, scaleLog } from "d3-scale";
import { line as path } from "d3-shape";
import { momentsIn } from "../../analysis/failures/windows.ts";
import type { Result } from "../../analysis/result/result.ts";
import type { Slice } from "../../measurement/measurement.ts";
import { count, duration, perSecond } from "../../stats/format.ts";
import { isNarrow, line, rect, soft, text, textWidth, type Drawing, type Picture } from "./svg.ts";

interface Moment {
  /** Middle of its time, s. */
  readonly at: number;
  readonly perS: number;
  /** ms; null: nothing came. */
  readonly p99: number | null;
}

const PANEL = 92;
const [LEFT, TOP, GAP] = [58, 34, 34];

/** Numbers of changes at nearly the same moment stand beside each other. */
function marks(result: Result, x: (second: number) => number, bottom: number): string {
  let last = Number.NEGATIVE_INFINITY;
  return (result.changes ?? [])
    .map(({ atS }, i) => {
      const word = String(i + 1);
      const at = Math.max(x(atS), last + textWidth(word) + 4);
      last = at;
      return line(x(atS), TOP - 8, x(atS), bottom, "mark") + text(at, TOP - 14, word, { anchor: "middle" });
    })
    .join("");
}

function draw(result: Result, moments: readonly Moment[], endS: number, width: number): Drawing {
  const right = width - 8;
  const x = scaleLinear([0, endS], [LEFT, right]);
  const [rateBottom, delayTop] = [TOP + PANEL, TOP + PANEL + GAP];
  const bottom = delayTop + PANEL;
  const rate = scaleLinear([0, max(moments, ({ perS }) => perS) ?? 1], [rateBottom, TOP]).nice(3);
  const delays = moments.flatMap(({ p99 }) => (p99 === null || p99 <= 0 ? [] : [p99]));
  const decades = [10 ** Math.floor(Math.log10(min(delays) ?? 1)), 10 ** Math.ceil(Math.log10(max(delays) ?? 10))];
  const delay = scaleLog([decades[0]!, Math.max(decades[1]!, 10 * decades[0]!)], [bottom, delayTop]);
  const ofRate = path<Moment>()
    .x(({ at }) => x(at))
    .y(({ perS }) => rate(perS))
    .digits(1);
  const ofDelay = path<Moment>()
    .defined(({ p99 }) => p99 !== null && p99 > 0)
    .x(({ at }) => x(at))
    .y(({ p99 }) => delay(p99 ?? 1))
    .digits(1);
  const [, during] = result.windows;
  const shade =
    during === undefined ? "" : rect(x(during.fromS), TOP, x(during.untilS) - x(during.fromS), bottom - TOP, "band");
  const grid = [
    ...rate.ticks(3).map((tick) => [rate(tick), count(tick)] as const),
    ...delay
      .ticks()
      .filter((tick) => Number.isInteger(Math.log10(tick)))
      .map((tick) => [delay(tick), duration(tick)] as const),
  ].map(([y, words]) => line(LEFT, y, right, y, "grid") + soft(LEFT - 8, y + 4, words, "end"));
  const ticks = x
    .ticks(isNarrow(width) ? 4 : 8)
    .map((tick) => soft(x(tick), bottom + 18, `${count(tick)}\u202fs`, "middle"));
  return {
    width,
    height: bottom + 24,
    body:
      shade +
      grid.join("") +
      soft(right, delayTop - 8, "delivery, p99, logarithmic", "end") +
      soft(0, TOP - 14, "acked/s") +
      `<path class="curve" d="${ofRate(moments) ?? ""}"/><path class="curve" d="${ofDelay(moments) ?? ""}"/>` +
      marks(result, x, bottom) +
      ticks.join(""),
  };
}

/**
 * Throughput and latency of all shards, second by second, with a line for each change of the shards.
 *
 * @returns null when the run's folder holds no slices
 */
export function timeLine(result: Result, slices: readonly Slice[]): Picture | null {
  const endS = Math.max(...slices.map(({ second, seconds = 1 }) => second + seconds), 0);
  const moments = momentsIn(slices, { fromS: 0, untilS: endS }).map(({ acked, endS: end, p99, seconds }): Moment => {
    return { at: end - seconds / 2, perS: acked / seconds, p99 };
  });
  if (moments.length === 0) return null;
  const slowest = max(moments, ({ p99 }) => p99 ?? 0) ?? 0;
  const least = min(moments, ({ perS }) => perS) ?? 0;
  return {
    id: "time-line",
    title: "Acknowledged messages and p99 of delivery by second, with the changes of the shards",
    description: `The slowest second has a p99 of ${duration(slowest)}, the emptiest ${perSecond(least)}.`,
    draw: (width) => draw(result, moments, Math.max(endS, ...(result.changes ?? []).map(({ atS }) => atS)), width),
  };
}
