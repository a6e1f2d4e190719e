import type { WhatIf, WhatIfRow } from "../../../analysis/result/what-if.ts";
import { moment, percent, plural, times } from "../../../stats/format.ts";
import {
  ASSUMED,
  briefly,
  chanceInWords,
  headlineToday,
  inputInWords,
  METHOD,
  rangeInWords,
  readingInWords,
} from "../../words/what-if.ts";
import { sentence, table, type Block } from "../model.ts";
import { shares } from "./shares.ts";

/** The answer in a screen of text. @param columns of the screen */
export function whatIfScreen(document: WhatIf, columns: number): Block[][] {
  const { input, today, rows, advice } = document;
  const isAlone = today.shards === 1;
  const now = `now ${times(today.maxOverMean)}.`;
  const remedies = advice.map(({ text, forecast, action }) =>
    action === "none" ? { text } : { text, note: `Forecast max/mean ${times(forecast.maxOverMean)}, ${now}` },
  );
  const from = `Share of the keys that move from ${today.placement} on ${plural(today.shards, "shard")}`;
  return [
    [
      ...sentence(`${input.name}: ${inputInWords(document)}.`),
      ...(input.readAs === null ? [] : sentence(readingInWords(document))),
      ...sentence(headlineToday(document)),
      ...(isAlone ? [] : sentence(chanceInWords(document))),
      ...(today.assumed ? sentence(ASSUMED) : []),
    ],
    isAlone ? [] : [shares(today.shares, columns)],
    [{ kind: "list", items: remedies }],
    [grid("Max/mean", rows, ({ maxOverMean }) => maxOverMean.toFixed(2))],
    [grid(from, rows, ({ movedFromToday }) => percent(movedFromToday, 0))],
    sentence(worstInWords(document)),
    sentence(METHOD),
    sentence(rangeInWords(rows, today.shards)),
  ];
}

/** A figure by placement and number of shards. */
function grid(caption: string, rows: readonly WhatIfRow[], inWords: (row: WhatIfRow) => string): Block {
  const sizes = [...new Set(rows.map(({ shards }) => shards))].sort((a, b) => a - b);
  const placements = [...new Set(rows.map(({ placement }) => placement))];
  return table<string>({
    caption,
    columns: [
      {
        name: "shards",
        width: Math.max(12, ...placements.map((name) => briefly(name).length + 1)),
        cell: briefly,
      },
      ...sizes.map((size) => ({
        name: String(size),
        width: 7,
        cell: (placement: string) => {
          const row = rows.find((one) => one.placement === placement && one.shards === size);
          return row === undefined ? "–" : inWords(row);
        },
      })),
    ],
    rows: placements,
  });
}

function worstInWords({ rows, today }: WhatIf): string | null {
  const now = rows.find(({ placement, shards }) => placement === today.placement && shards === today.shards);
  if (now === undefined || now.worstMinute === null) return null;
  const { at, maxOverMean, messages, chance } = now.worstMinute;
  const which = `in the one from ${moment(at)}, of ${plural(messages, "message")}`;
  return `Worst minute today: ${times(maxOverMean)} ${which}; chance alone makes the worst one up to ${times(chance)}.`;
}
