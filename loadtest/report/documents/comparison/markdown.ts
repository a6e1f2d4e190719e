import { escapeMarkdown } from "../../render/escape.ts";
import type { Comparison } from "../../../analysis/result/comparison.ts";
import {
  changeOf,
  comparisonHeadline,
  figureInWords,
  groundsInWords,
  intervalInWords,
  metricInWords,
  placeInWords,
  settingsInWords,
  shortList,
  skippedInWords,
} from "../../words/comparison.ts";

/** The comparison for a pull request or a CI's job page. */
export function markdownComparison(comparison: Comparison): string {
  const rows = shortList(comparison, 60).map((one) => {
    const cells = [
      escapeMarkdown(placeInWords(one)),
      metricInWords(one.metric),
      figureInWords(one.metric, one.a),
      figureInWords(one.metric, one.b),
      changeOf(one, one.change),
      intervalInWords(one),
      one.outcome === "worse" ? "**worse**" : one.outcome,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const settings = settingsInWords(comparison).map((sentence) => `- ${escapeMarkdown(sentence)}`);
  const skipped = skippedInWords(comparison);
  return [
    `# ${escapeMarkdown(comparisonHeadline(comparison))}`,
    "",
    ...(settings.length === 0 ? [] : [...settings, ""]),
    "|  |  | A | B | change | interval |  |",
    "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ...rows,
    "",
    groundsInWords(comparison),
    "",
    ...(skipped === null ? [] : [escapeMarkdown(skipped), ""]),
    `A: \`${comparison.a.command}\` (${comparison.a.runs.join(", ")})`,
    "",
    `B: \`${comparison.b.command}\` (${comparison.b.runs.join(", ")})`,
    "",
  ].join("\n");
}
