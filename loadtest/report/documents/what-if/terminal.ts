import { escapeTerminal } from "../../render/escape.ts";
import { moment, percent, plural, times } from "../../../stats/format.ts";
import { wrap, type Screen } from "../run/terminal.ts";
import { gridInColumns, sharesInColumns } from "./columns.ts";
import type { WhatIf } from "../../../analysis/result/what-if.ts";
import { ASSUMED, chanceInWords, headlineToday, inputInWords, METHOD, readingInWords } from "../../words/what-if.ts";

const columnsOf = ({ columns = 80 }: Screen): number => Math.max(60, Math.min(100, columns));

/** What could not be used, a line each; empty when all of the input was. */
export function whatIfFaults({ input }: WhatIf, screen: Screen): string {
  const lines = input.faults.map(
    ({ code, where, message, lines: many }) =>
      `${code}: ${where}: ${message}.${many > 1 ? ` ${plural(many, "line")} have it.` : ""}`,
  );
  return lines.map((line) => `${wrap(line, columnsOf(screen))}\n`).join("");
}

/** The answer in a screen of text; 80 columns when the screen does not say. */
export function whatIfTerminal(document: WhatIf, screen: Screen): string {
  const columns = columnsOf(screen);
  const { input, today, rows, advice } = document;
  const { placement, shards, shares } = today;
  const plain = (sentence: string): string => wrap(sentence, columns);
  const remedies = advice.map(
    ({ text, forecast, action }) =>
      `- ${text}${action === "none" ? "" : ` Forecast max/mean ${times(forecast.maxOverMean)}, now ${times(today.maxOverMean)}.`}`,
  );
  return [
    plain(`${input.name}: ${inputInWords(document)}.`),
    ...(input.readAs === null ? [] : [plain(readingInWords(document))]),
    plain(headlineToday(document)),
    ...(shards === 1 ? [] : [plain(chanceInWords(document))]),
    ...(today.assumed ? [plain(ASSUMED)] : []),
    ...(shards === 1 ? [] : ["", sharesInColumns(shares, columns)]),
    "",
    ...remedies.map(plain),
    "",
    gridInColumns(rows, { title: "Max/mean", cell: ({ maxOverMean }) => maxOverMean.toFixed(2) }, columns),
    "",
    gridInColumns(
      rows,
      {
        title: `Share of the keys that move from ${escapeTerminal(placement)} on ${plural(shards, "shard")}`,
        cell: ({ movedFromToday }) => percent(movedFromToday, 0),
      },
      columns,
    ),
    "",
    ...worst(document).map(plain),
    plain(METHOD),
    "",
  ].join("\n");
}

function worst({ rows, today }: WhatIf): string[] {
  const now = rows.find(({ placement, shards }) => placement === today.placement && shards === today.shards);
  if (now === undefined || now.worstMinute === null) return [];
  const { at, maxOverMean, messages, chance } = now.worstMinute;
  const most = `; chance alone makes the worst one up to ${times(chance)}`;
  return [
    `Worst minute today: ${times(maxOverMean)} in the one from ${moment(at)}, of ${plural(messages, "message")}${most}.`,
    "",
  ];
}
