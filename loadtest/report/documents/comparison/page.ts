import { escapeXml } from "../../render/escape.ts";
import { chance, moment, unbroken } from "../../../stats/format.ts";
import { page } from "../../render/page.ts";
import { figure, paragraph, section } from "../../render/section.ts";
import { table, type Cell } from "../../render/table.ts";
import type { Change, Comparison } from "../../../analysis/result/comparison.ts";
import { forestPlot } from "../../pictures/forest-plot.ts";
import {
  changeOf,
  comparisonHeadline,
  figureInWords,
  groundsInWords,
  intervalInWords,
  metricInWords,
  placeInWords,
  settingsInWords,
  toldOf,
} from "../../words/comparison.ts";

function rowOf(one: Change): Cell[] {
  return [
    unbroken(placeInWords(one)),
    metricInWords(one.metric),
    figureInWords(one.metric, one.a),
    figureInWords(one.metric, one.b),
    changeOf(one, one.change),
    unbroken(intervalInWords(one)),
    unbroken(chance(one.adjusted)),
    one.outcome === "worse" ? { html: "worse", className: "hot" } : one.outcome,
  ];
}

function allFigures(comparison: Comparison): string {
  const told = new Set(toldOf(comparison));
  return section(
    "figures",
    "All figures",
    paragraph("p: of a change within the tolerance, for all figures together.") +
      table({
        caption: "Figures of A and B with the change and its simultaneous interval",
        head: ["", "", "A", "B", "change", "interval", "p", ""],
        rows: comparison.changes.map(rowOf),
        words: new Set([1, 7]),
        rowClass: (row) => (told.has(comparison.changes[row]!) ? "now" : ""),
      }),
  );
}

const side = (name: string, { command, runs: ids, startedAt }: Comparison["a"]) =>
  `<p><b>${name}</b> ${escapeXml(moment(startedAt))}, ${escapeXml(ids.join(", "))}</p><pre><code>${escapeXml(command)}</code></pre>`;

function runs({ a, b, skipped }: Comparison): string {
  const left = skipped.map(
    ({ metric, shard, reason }) => `${metricInWords(metric)}${shard === null ? "" : ` of shard ${shard}`}: ${reason}`,
  );
  const words = left.length === 0 ? "" : paragraph(`Not compared: ${left.join("; ")}.`, "soft");
  return section("runs", "The runs", side("A", a) + side("B", b) + words);
}

/** The comparison as one HTML file, in the manner of a run's report. */
export function comparisonPage(comparison: Comparison): string {
  const headline = comparisonHeadline(comparison);
  const settings = settingsInWords(comparison);
  const list = settings.map((sentence) => `<li>${escapeXml(sentence)}</li>`).join("");
  const body =
    `<header><p class="where"><b>hotshard compare</b> · <b>${escapeXml(comparison.scenario)}</b> · ${escapeXml(moment(comparison.a.startedAt))} → ${escapeXml(moment(comparison.b.startedAt))}</p>` +
    `<h1>${escapeXml(headline)}</h1>${paragraph(groundsInWords(comparison), "lead")}${list === "" ? "" : `<ul>${list}</ul>`}</header>` +
    figure(
      forestPlot(comparison),
      "Whiskers are simultaneous intervals: one that lies outside the band is a difference.",
    ) +
    allFigures(comparison) +
    runs(comparison);
  return page({
    title: `compare ${comparison.scenario}: ${headline}`,
    className: "valid",
    body,
    footer: `hotshard ${comparison.hotshard}`,
  });
}
