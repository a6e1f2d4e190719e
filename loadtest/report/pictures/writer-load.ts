import { scaleLinear } from "d3-scale";
import { percent, perSecond } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { isNarrow, line, rect, soft, text, type Drawing, type Picture } from "./svg.ts";
import { headroomInWords } from "../words/run.ts";
import { rowHeight } from "./share-by-shard.ts";

function draw(result: Result, width: number): Drawing {
  const shards = result.shards.flatMap(({ label, offeredPerS, limitPerS }) =>
    limitPerS === null ? [] : [{ label, offeredPerS, limitPerS, use: offeredPerS / limitPerS }],
  );
  const row = rowHeight(shards.length);
  const left = 34;
  const right = isNarrow(width) ? 58 : 210;
  const top = 32;
  const bottom = top + row * shards.length;
  const x = scaleLinear([0, Math.max(1.05, ...shards.map(({ use }) => use))], [left, width - right]);
  const first = result.headroom?.shard;
  const bars = shards.map(({ label, offeredPerS, limitPerS, use }, i) => {
    const y = top + row * i;
    const middle = y + row / 2 + 4;
    const burns = label === first && use > 0.8;
    const className = burns ? "strong hot-ink" : "";
    const rates = `${perSecond(offeredPerS)} of ${perSecond(limitPerS)}`;
    return (
      text(left - 10, middle, label, { anchor: "end", className: label === first ? "strong" : "soft" }) +
      rect(left, y + row * 0.16, x(1) - left, row * 0.68, "paid") +
      rect(left, y + row * 0.16, x(use) - left, row * 0.68, burns ? "hot" : "cool") +
      text(width - right + 56, middle, percent(use, 0), { anchor: "end", className }) +
      (isNarrow(width) ? "" : text(width, middle, rates, { anchor: "end", className }))
    );
  });
  return {
    width,
    height: bottom + 10,
    body: bars.join("") + line(x(1), top - 8, x(1), bottom + 6, "rule") + soft(x(1), top - 14, "saturated", "middle"),
  };
}

/** What each shard is sent against what its writer can take; null when no limit is known. */
export function writerLoad(result: Result): Picture | null {
  const words = headroomInWords(result);
  if (words === null) return null;
  return {
    id: "headroom",
    title: "Messages sent to each shard against what its writer can take",
    description: words,
    draw: (width) => draw(result, width),
  };
}
