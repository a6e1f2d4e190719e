import { scaleLinear } from "d3-scale";
import { duration } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { isNarrow, rect, soft, text, type Drawing, type Picture } from "./svg.ts";
import { blastRadiusInWords } from "../words/run.ts";

/** p99 of innocent dialogs on the hot shard above that of innocent dialogs elsewhere; null without a blast radius. */
export function blastBars(result: Result): Picture | null {
  const blast = result.blastRadius;
  const words = blastRadiusInWords(result);
  if (blast === null || words === null) return null;
  const draw = (width: number): Drawing => {
    const left = isNarrow(width) ? 96 : 110;
    const right = 90;
    const x = scaleLinear([0, Math.max(blast.hotMs, blast.elsewhereMs, 0.01)], [left, width - right]);
    const bar = (y: number, label: string, ms: number, heat: string): string =>
      soft(left - 12, y + 17, label, "end") +
      rect(left, y + 4, Math.max(2, x(ms) - left), 18, heat) +
      text(x(ms) + 10, y + 17, duration(ms), { className: heat === "hot" ? "strong hot-ink" : "" });
    return {
      width,
      height: 62,
      body:
        bar(2, `on shard ${blast.shard}`, blast.hotMs, blast.p99 > 1.2 ? "hot" : "cool") +
        bar(32, "elsewhere", blast.elsewhereMs, "cool"),
    };
  };
  return { id: "blast", title: "What innocent dialogs wait, p99 of delivery", description: words, draw };
}
