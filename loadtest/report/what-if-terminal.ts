import { escapeTerminal } from "./escape.ts";
import { moment, percent, plural, times } from "./format.ts";
import { wrap, type Screen } from "./terminal.ts";
import type { WhatIf, WhatIfRow } from "./what-if-document.ts";
import { ASSUMED, headlineToday, inputInWords, methodInWords, samplingInWords } from "./what-if-words.ts";

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
  const plain = (sentence: string): string => wrap(sentence, columns);
  const remedies = advice.map(
    ({ text, forecast, action }) =>
      `- ${text}${action === "none" ? "" : ` Forecast max/mean ${times(forecast.maxOverMean)}, now ${times(today.maxOverMean)}.`}`,
  );
  return [
    plain(`${input.name}: ${inputInWords(document)}.`),
    plain(headlineToday(document)),
    ...(input.sample === null ? [] : [plain(samplingInWords(document))]),
    ...(today.assumed ? [plain(ASSUMED)] : []),
    "",
    ...remedies.map(plain),
    "",
    grid(
      rows,
      `max/mean, and 95 % of other layouts on ${today.shards}`,
      ({ maxOverMean }) => maxOverMean.toFixed(2),
      today.shards,
    ),
    "",
    grid(
      rows,
      `keys moved from ${today.placement} on ${plural(today.shards, "shard")}`,
      ({ movedFromToday }) => percent(movedFromToday, 0),
      null,
    ),
    "",
    ...worst(document).map(plain),
    plain(methodInWords(document)),
    "",
  ].join("\n");
}

/** @param ranged number of shards whose range over layouts follows the row; null: none */
function grid(
  rows: readonly WhatIfRow[],
  title: string,
  cell: (row: WhatIfRow) => string,
  ranged: number | null,
): string {
  const sizes = [...new Set(rows.map(({ shards }) => shards))].sort((a, b) => a - b);
  const placements = [...new Set(rows.map(({ placement }) => placement))];
  const width = Math.max(12, ...placements.map((name) => name.length + 1));
  const head = `${"shards".padEnd(width)}${sizes.map((size) => String(size).padStart(7)).join("")}`;
  const lines = placements.map((placement) => {
    const own = rows.filter((row) => row.placement === placement);
    const cells = sizes.map((size) => cell(own.find(({ shards }) => shards === size)!).padStart(7));
    const { low, high } = own.find(({ shards }) => shards === ranged)?.otherLayouts ?? {};
    const range = low === undefined || high === undefined ? "" : `   ${low.toFixed(2)} to ${high.toFixed(2)}`;
    return `${escapeTerminal(placement).padEnd(width)}${cells.join("")}${range}`;
  });
  return [title, head, ...lines].join("\n");
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
