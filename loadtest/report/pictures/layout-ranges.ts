import { scaleLog } from "d3-scale";
import type { WhatIf, WhatIfRow } from "../what-if-document.ts";
import { dot, isNarrow, line, text, type Drawing, type Picture } from "../svg.ts";

function draw(rows: readonly WhatIfRow[], { today, target }: WhatIf, width: number): Drawing {
  const narrow = isNarrow(width);
  const [left, right, top, height] = [narrow ? 96 : 150, narrow ? 60 : 190, 34, 30];
  const bottom = top + height * rows.length;
  const ends = rows.flatMap(({ maxOverMean, otherLayouts }) => [maxOverMean, otherLayouts.high]);
  const x = scaleLog([1, Math.max(1.5, target, ...ends) * 1.04], [left, width - right]);
  const marks = rows.map(({ placement, maxOverMean, otherLayouts: { low, high, mean } }, i) => {
    const y = top + height * (i + 0.5);
    const now = placement === today.placement;
    const heat = maxOverMean > target ? "hot" : "cool";
    const words = narrow
      ? ""
      : text(width, y + 4, `others ${low.toFixed(2)}–${high.toFixed(2)}`, { anchor: "end", className: "soft" });
    return (
      text(left - 12, y + 4, shortName(placement, narrow), { anchor: "end", className: now ? "strong" : "soft" }) +
      line(x(low), y, x(high), y, "whisker") +
      line(x(low), y - 4, x(low), y + 4, "whisker") +
      line(x(high), y - 4, x(high), y + 4, "whisker") +
      line(x(mean), y - 7, x(mean), y + 7, "rule") +
      dot(x(maxOverMean), y, 5, heat) +
      text(width - right + 12, y + 4, maxOverMean.toFixed(2), {
        className: heat === "hot" ? "strong hot-ink" : "strong",
      }) +
      words
    );
  });
  return {
    width,
    height: bottom + 10,
    body:
      line(x(1), top - 6, x(1), bottom, "rule") +
      (x(target) - x(1) > 30 ? text(x(1), top - 14, "even", { anchor: "middle", className: "soft" }) : "") +
      line(x(target), top - 6, x(target), bottom, "mark") +
      text(x(target) + 4, top - 14, `target ${target}`, { className: "soft" }) +
      marks.join(""),
  };
}

const shortName = (placement: string, narrow: boolean): string =>
  narrow ? placement.replace("virtualNodes=", "").slice(0, 12) : placement.replace("virtualNodes=", "");

/** Max/mean of every placement on today's number of shards: of hotshard's layout, and the range over all others. */
export function layoutRanges(document: WhatIf): Picture {
  const { today, target, rows } = document;
  const same = rows.filter(({ shards }) => shards === today.shards);
  const words = same.map(
    ({ placement, maxOverMean, otherLayouts: { low, high } }) =>
      `${placement} ${maxOverMean.toFixed(2)} (others ${low.toFixed(2)} to ${high.toFixed(2)})`,
  );
  return {
    id: "layouts",
    title: `Max/mean of every placement on ${today.shards} shards`,
    description: `${words.join(", ")}. The target is ${target}.`,
    draw: (width) => draw(same, document, width),
  };
}
