import type { Result } from "../../../analysis/result/result.ts";
import { THRESHOLD_MARKS, thresholdsInWords } from "../../words/run.ts";
import { section, sentence, table, text, type Block } from "../model.ts";

/** What the run had to keep, and whether it did; nothing when no threshold was given. */
export function thresholds(result: Result): Block[] {
  const { thresholds: all = [] } = result;
  if (all.length === 0) return [];
  return [
    section(
      "thresholds",
      "Thresholds",
      ...sentence(thresholdsInWords(result)),
      table<(typeof all)[number]>({
        caption: "Judged by the value; the interval says whether another run may come out differently",
        columns: [
          { name: "Threshold", cell: ({ threshold }) => threshold },
          {
            ...text("Verdict"),
            cell: ({ status }) => ({ text: THRESHOLD_MARKS[status], look: status === "failed" ? "hot" : "" }),
          },
          { ...text("What was measured"), cell: ({ message }) => message },
        ],
        rows: all,
      }),
    ),
  ];
}
