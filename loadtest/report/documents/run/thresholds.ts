import { escapeXml } from "../../render/escape.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { paragraph, section } from "../../render/section.ts";
import { table } from "../../render/table.ts";
import { THRESHOLD_MARKS, thresholdsInWords } from "../../words/run.ts";

/** What the run had to keep, and whether it did; nothing when no threshold was given. */
export function thresholds(result: Result): string {
  const { thresholds: all = [] } = result;
  if (all.length === 0) return "";
  return section(
    "thresholds",
    "Thresholds",
    paragraph(thresholdsInWords(result) ?? "") +
      table({
        caption: "Judged by the value; the interval says whether another run may come out differently",
        head: ["Threshold", "Verdict", "What was measured"],
        words: new Set([1, 2]),
        rows: all.map(({ threshold, status, message }) => [
          threshold,
          { html: escapeXml(THRESHOLD_MARKS[status]), className: status === "failed" ? "hot" : "" },
          message,
        ]),
      }),
  );
}
