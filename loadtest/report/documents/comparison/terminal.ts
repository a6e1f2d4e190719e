import { wantsColour, wrap, type Screen } from "../run/terminal.ts";
import type { Change, Comparison } from "../../../analysis/result/comparison.ts";
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

/** The comparison in a screen of text. */
export function terminalComparison(comparison: Comparison, screen: Screen, environment = process.env): string {
  const columns = Math.max(60, Math.min(100, screen.columns ?? 80));
  const paint = (codes: string, text: string) =>
    wantsColour(screen, environment) ? `\u001B[${codes}m${text}\u001B[0m` : text;
  const rows = shortList(comparison);
  const width = Math.max(10, ...rows.map((one) => placeInWords(one).length)) + 1;
  const metrics = Math.max(12, ...rows.map((one) => metricInWords(one.metric).length)) + 1;
  const line = (one: Change) => {
    const text =
      placeInWords(one).padEnd(width) +
      metricInWords(one.metric).padEnd(metrics) +
      figureInWords(one.metric, one.a).padStart(8) +
      figureInWords(one.metric, one.b).padStart(9) +
      changeOf(one, one.change).padStart(10) +
      `  ${one.outcome.padEnd(8)}${intervalInWords(one)}`;
    return one.outcome === "worse" ? paint("1;31", text) : text;
  };
  const skipped = skippedInWords(comparison);
  const head = `${"".padEnd(width + metrics)}${"A".padStart(8)}${"B".padStart(9)}${"change".padStart(10)}  ${"".padEnd(8)}interval`;
  return [
    paint("1", wrap(comparisonHeadline(comparison), columns)),
    ...settingsInWords(comparison).map((sentence) => wrap(sentence, columns)),
    "",
    head,
    ...rows.map(line),
    "",
    wrap(groundsInWords(comparison), columns),
    ...(skipped === null ? [] : [wrap(skipped, columns)]),
    "",
  ].join("\n");
}
