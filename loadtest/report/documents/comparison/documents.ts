import type { Comparison } from "../../../analysis/result/comparison.ts";
import { moment } from "../../../stats/format.ts";
import { forestPlot } from "../../pictures/forest-plot.ts";
import {
  comparisonHeadline,
  groundsInWords,
  metricInWords,
  settingsInWords,
  shortList,
  skippedInWords,
} from "../../words/comparison.ts";
import { section, sentence, type Block, type Page } from "../model.ts";
import { fewFigures, figuresOf } from "./figures.ts";

const settings = (comparison: Comparison): Block => ({
  kind: "list",
  items: settingsInWords(comparison).map((words) => ({ text: words })),
});

const runs = (note: (side: Comparison["a"]) => string, { a, b }: Comparison): Block[] =>
  [["A", a] as const, ["B", b] as const].map(([name, side]) => ({
    kind: "command",
    name,
    note: note(side),
    text: side.command,
  }));

/** The comparison in the manner of a run's report. */
export function comparisonPage(comparison: Comparison): Page {
  const { a, b, scenario, skipped } = comparison;
  const headline = comparisonHeadline(comparison);
  const left = skipped.map(
    ({ metric, shard, reason }) => `${metricInWords(metric)}${shard === null ? "" : ` of shard ${shard}`}: ${reason}`,
  );
  const caption = "Whiskers are simultaneous intervals: one that lies outside the band is a difference.";
  return {
    title: `compare ${scenario}: ${headline}`,
    isValid: true,
    names: ["hotshard compare", scenario],
    where: [`${moment(a.startedAt)} → ${moment(b.startedAt)}`],
    reasons: [],
    headline,
    lead: [...sentence(groundsInWords(comparison), "lead"), settings(comparison)],
    opening: [
      { kind: "picture", picture: forestPlot(comparison), caption },
      section(
        "figures",
        "All figures",
        ...sentence("p: of a change within the tolerance, for all figures together."),
        figuresOf(comparison),
      ),
      section(
        "runs",
        "The runs",
        ...runs(({ startedAt, runs: ids }) => `${moment(startedAt)}, ${ids.join(", ")}`, comparison),
        ...sentence(left.length === 0 ? null : `Not compared: ${left.join("; ")}.`, "soft"),
      ),
    ],
    parts: [],
    footer: `hotshard ${comparison.hotshard}`,
  };
}

/** For a pull request or a CI's job page. */
export const comparisonSummary = (comparison: Comparison): Block[] => [
  ...sentence(comparisonHeadline(comparison), "strong"),
  settings(comparison),
  figuresOf(comparison, shortList(comparison, 60)),
  ...sentence(groundsInWords(comparison)),
  ...sentence(skippedInWords(comparison)),
  ...runs(({ runs: ids }) => ids.join(", "), comparison),
];

/** In a screen of text. */
export const comparisonScreen = (comparison: Comparison): Block[][] => [
  [
    ...sentence(comparisonHeadline(comparison), "strong"),
    ...settingsInWords(comparison).flatMap((words) => sentence(words)),
  ],
  [fewFigures(shortList(comparison))],
  [...sentence(groundsInWords(comparison)), ...sentence(skippedInWords(comparison))],
];
