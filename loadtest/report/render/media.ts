import type { Medium, Table, Words } from "../documents/model.ts";

/** A text in a medium; a terminal shows what Markdown shows. */
export function wordsIn(medium: Medium, words: Words): string {
  if (typeof words === "string") return words;
  return medium === "page" ? words.page : words.markdown;
}

/** A table with the columns of a medium. */
export function shownIn(medium: Medium, table: Table): Table {
  const at = table.columns.flatMap(({ only }, i) => (only === undefined || only === medium ? [i] : []));
  return {
    ...table,
    columns: at.map((i) => table.columns[i]!),
    rows: table.rows.map((row) => at.map((i) => row[i]!)),
  };
}
