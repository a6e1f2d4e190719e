import { escapeXml } from "../../render/escape.ts";
import { count, percent, times } from "../../../stats/format.ts";
import { writerLoad } from "../../pictures/writer-load.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { figure, paragraph, section } from "../../render/section.ts";
import { table, type Cell } from "../../render/table.ts";
import { headroomInWords, knowsNoShares } from "../../words/run.ts";

/** How far the traffic can grow. */
export function headroom(result: Result): string {
  const words = headroomInWords(result);
  if (words === null) return "";
  const shaped =
    result.server.shaped === null
      ? ""
      : ` Shards are shaped (${result.server.shaped}): these limits are the shape's, not a database's.`;
  return section(
    "headroom",
    "Headroom",
    paragraph(words + shaped) + figure(writerLoad(result), "Messages sent to each shard, of what its writer can take."),
  );
}

const NAMES = {
  none: "Leave the placement",
  pin: "Pin",
  split: "Split",
  "add-shard": "Add a shard",
  "change-placement": "Change placement",
};

/** What to do, with what it is expected to give. */
export const advice = (result: Result): string =>
  knowsNoShares(result)
    ? ""
    : section(
        "advice",
        "What would fix it",
        adviceList(result.advice, result.skew.maxOverMean, result.skew.segments === undefined ? "now" : "in this run"),
      );

/** @param now max/mean today @param when what `now` is of */
export function adviceList(all: Result["advice"], now: number, when = "now"): string {
  const items = all.map(
    ({ action, text, forecast }) =>
      `<li><b>${NAMES[action]}</b><span>${escapeXml(text)} <span class="soft">Forecast max/mean ${times(forecast.maxOverMean)}, ` +
      `${when} ${times(now)}.</span></span></li>`,
  );
  return `<ol class="advice">${items.join("")}</ol>`;
}

function tint(maxOverMean: number): string {
  if (maxOverMean <= 1.1) return "";
  if (maxOverMean <= 1.25) return "tint-1";
  if (maxOverMean <= 2) return "tint-2";
  return maxOverMean <= 4 ? "tint-3" : "tint-4";
}

/** Every placement on 2 … 64 shards for the dialogs just seen. */
export function whatIf(result: Result): string {
  const { rows, dialogs } = result.whatIf;
  if (rows.length === 0) return "";
  return section(
    "what-if",
    "What if",
    paragraph(
      `The ${count(dialogs)} dialogs of this run, placed again without pins and splits${result.skew.distinctPairs === undefined ? "" : ", by time bucket where the placement goes by time"}. No placement divides one hot dialog: more shards then only raise max/mean.`,
    ) + whatIfTable(rows, result.server.placement),
  );
}

/** Placements by numbers of shards. @param today placement whose row stands out */
export function whatIfTable(rows: Result["whatIf"]["rows"], today: string): string {
  const sizes = [...new Set(rows.map(({ shards }) => shards))].sort((a, b) => a - b);
  const placements = [...new Set(rows.map(({ placement }) => placement))];
  const body = placements.map((placement): Cell[] => [
    { html: escapeXml(placement).replaceAll(":", ":<wbr>") },
    ...sizes.map((size): Cell => {
      const row = rows.find((candidate) => candidate.placement === placement && candidate.shards === size);
      if (row === undefined) return "–";
      const html = `${row.maxOverMean.toFixed(2)}<small>${percent(row.movedFromToday, 0)}</small>`;
      return { html, className: tint(row.maxOverMean) };
    }),
  ]);
  return table({
    caption: "Max/mean by placement and number of shards; below it the share of dialogs that would move",
    head: ["Placement", ...sizes.map(String)],
    rows: body,
    className: "what-if",
    rowClass: (row) => (placements[row] === today ? "now" : ""),
  });
}
