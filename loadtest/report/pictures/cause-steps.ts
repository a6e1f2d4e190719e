import { scaleLog } from "d3-scale";
import { times } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { isNarrow, line, rect, soft, text, type Drawing, type Picture } from "./svg.ts";
import { causesIn, mainCause } from "../words/run.ts";

const interval = (low: number, high: number): string => `${low.toFixed(2)}–${high.toFixed(2)}`;

type Causes = NonNullable<Result["skew"]["causes"]>;

function draw(result: Result, causes: Causes, width: number): Drawing {
  const { maxOverMean } = result.skew;
  const narrow = isNarrow(width);
  const left = 88;
  const right = narrow ? 62 : 160;
  const top = 26;
  const row = 34;
  const culprit = mainCause(result);
  let reached = 1;
  const steps = causesIn(causes).map(({ name, label }) => {
    const { factor, low, high } = causes[name];
    const from = reached;
    reached *= factor;
    return { name, label, factor, low, high, from, to: reached, lowAt: from * low, highAt: from * high };
  });
  const ends = steps.flatMap(({ to, lowAt, highAt }) => [to, lowAt, highAt]);
  const x = scaleLog([Math.min(0.95, ...ends), Math.max(1.3, ...ends)], [left, width - right]);
  const rows = steps.map(({ name, label, factor, low, high, from, to, lowAt, highAt }, i) => {
    const y = top + row * i;
    const middle = y + row / 2;
    const blamed = name === culprit && factor > 1.05;
    const className = blamed ? "strong hot-ink" : "";
    return (
      text(left - 12, middle + 4, label, { anchor: "end", className: blamed ? "strong" : "soft" }) +
      rect(Math.min(x(from), x(to)), y + 8, Math.max(2, Math.abs(x(to) - x(from))), row - 16, blamed ? "hot" : "cool") +
      line(x(lowAt), middle, x(highAt), middle, "whisker") +
      line(x(lowAt), middle - 4, x(lowAt), middle + 4, "whisker") +
      line(x(highAt), middle - 4, x(highAt), middle + 4, "whisker") +
      line(x(to), y + row - 8, x(to), y + row + 8, "link") +
      text(width - right + 60, middle + 4, times(factor), { anchor: "end", className }) +
      (narrow ? "" : text(width, middle + 4, interval(low, high), { anchor: "end", className }))
    );
  });
  const bottom = top + row * steps.length;
  return {
    width,
    height: bottom + row + 4,
    body:
      line(x(1), top - 6, x(1), bottom + row - 2, "rule") +
      soft(x(1), top - 12, "even", "middle") +
      rows.join("") +
      text(left - 12, bottom + row / 2 + 4, "Observed", { anchor: "end", className: "strong" }) +
      rect(
        Math.min(x(1), x(maxOverMean)),
        bottom + 12,
        Math.max(2, Math.abs(x(maxOverMean) - x(1))),
        row - 24,
        "total",
      ) +
      text(width - right + 60, bottom + row / 2 + 4, times(maxOverMean), { anchor: "end", className: "strong" }),
  };
}

const WHISKERS = "Whiskers are 95 % intervals of the simulation.";

/** The factors of skew as steps on a logarithmic scale: their product is the observed max/mean. */
export function causeSteps(result: Result, causes: Causes): Picture {
  const { maxOverMean } = result.skew;
  const factors = causesIn(causes).map(({ name, label }) => {
    const { factor, low, high } = causes[name];
    return `${label.toLowerCase()} ${times(factor)} (${interval(low, high)})`;
  });
  return {
    id: "causes",
    title: "Where the skew comes from",
    description: `${factors.join(", ")}; together ${times(maxOverMean)}. ${WHISKERS}`,
    draw: (width) => draw(result, causes, width),
  };
}
