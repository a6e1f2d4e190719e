/** A line between two rows: `+----+----+`, `----+----`, `|:---|---:|`, and of one column `----`. */
const RULE = /^(?=.*-{2}|.*:-|.*-:)[-+|:=\s]+$/u;
/** What clients write below a table. */
const FOOTER =
  /^\(\d+ \p{L}+\)$|^\d+ rows? in set|^\d+ Row\(s\) produced|^Time: |^Bye$|^Empty set|^Warnings :$|^Aggregation query used/u;

export const isRule = (line: string): boolean => RULE.test(line);
export const isFooter = (line: string): boolean => FOOTER.test(line);

/** A cell of which psql says that its value goes on in the next line. */
const GOES_ON = /\+(?:\||$)/u;

/**
 * The cells of a row of a drawn table, without the spaces around them.
 *
 * @returns null when it is no row: its value has line breaks, or what stands on the edges does not belong there
 */
export function drawnCells(line: string, bordered: boolean): string[] | null {
  const text = line.trimEnd();
  if (!bordered) return GOES_ON.test(text) ? null : text.split("|").map((cell) => cell.trim());
  if (!text.startsWith("|") || !text.endsWith("|") || text.length < 2 || GOES_ON.test(text.slice(1, -1))) return null;
  return text
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}

/** Where the rows of a drawn table begin. */
export interface DrawnTable {
  readonly bordered: boolean;
  /** Place of the first row among the lines, the header if there is one. */
  readonly first: number;
  /** Whether a rule below the first row makes it a header. */
  readonly ruled: boolean;
}

/** A table as mysql -t, psql, cqlsh, bq and Markdown draw it; null when the first lines are none. */
export function findDrawnTable(lines: readonly string[]): DrawnTable | null {
  const [one = "", two = "", three = ""] = lines;
  if (isRule(one) && one.startsWith("+") && two.startsWith("|")) {
    return { bordered: true, first: 1, ruled: isRule(three) };
  }
  if (!isRule(two) || isRule(one)) return null;
  const bordered = one.startsWith("|") && two.startsWith("|");
  if (bordered) return { bordered, first: 0, ruled: true };
  const columns = one.split("|").length;
  return two.trim().split("+").length === columns && one.startsWith(" ") ? { bordered, first: 0, ruled: true } : null;
}
