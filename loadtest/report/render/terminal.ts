import type { Block, Cell, Head, Table } from "../documents/model.ts";
import { escapeTerminal } from "../../stats/escape.ts";

/** Where the text goes: `process.stderr`, or anything that says whether it is a terminal, and how wide. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Colour only for a person at a terminal who did not refuse it (no-color.org). */
function wantsColour(screen: Screen, environment: Readonly<Record<string, string | undefined>>): boolean {
  const refused = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return screen.isTTY === true && !refused;
}

/** Between 60 and 100; 80 when the screen does not say. */
export const columnsOf = ({ columns = 80 }: Screen): number => Math.max(60, Math.min(100, columns));

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `share` (0…1) of `width` cells, exact to an eighth of a cell, filled up with spaces. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const cells = "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
  return cells.padEnd(width);
}

/** Breaks a sentence at spaces; following lines are indented by two. */
export function wrap(sentence: string, columns: number): string {
  const lines = [""];
  for (const word of escapeTerminal(sentence).split(" ")) {
    const line = lines[lines.length - 1]!;
    if (line !== "" && line.length + 1 + word.length > columns) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

/** Groups of blocks as lines, an empty line between the groups. */
export function terminal(
  groups: readonly (readonly Block[])[],
  screen: Screen,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const columns = columnsOf(screen);
  const colour = wantsColour(screen, environment);
  const paint = (look: string | undefined, text: string): string => {
    const codes = look === "hot" ? "1;31" : look === "strong" ? "1" : null;
    return colour && codes !== null ? `\u001b[${codes}m${text}\u001b[0m` : text;
  };
  const block = (one: Block): string[] => {
    if (one.kind === "sentence") return [paint(one.look, wrap(one.text, columns))];
    if (one.kind === "list") {
      return one.items.map(({ text, note }) => wrap(`- ${text}${note === undefined ? "" : ` ${note}`}`, columns));
    }
    if (one.kind !== "table") return [];
    return tableLines(one, columns, (line) => paint("hot", line));
  };
  const parts = groups.map((group) => group.flatMap(block)).filter((lines) => lines.length > 0);
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** Columns that do not fit beside the others follow below, with the first one again. */
function tableLines(table: Table, columns: number, hot: (line: string) => string): string[] {
  const title = table.caption === "" ? [] : [escapeTerminal(table.caption)];
  const widths = widthsOf(table.columns, columns);
  const perBlock = table.columns.some(({ width }) => width === undefined)
    ? table.columns.length
    : Math.max(1, fitting(widths, columns));
  const lines: string[] = [...title];
  for (let from = 1; from < table.columns.length; from += perBlock) {
    const at = [0, ...[...table.columns.keys()].slice(from, from + perBlock)];
    const line = (cells: readonly Cell[]): string =>
      at
        .map((i) => padded(cells[i]!, table.columns[i]!, widths[i]!, i))
        .join("")
        .trimEnd();
    const names = table.columns.map(({ name }) => ({ text: name }));
    if (names.some(({ text }) => text !== "")) lines.push(line(names));
    lines.push(...table.rows.map((row, index) => (table.marked.has(index) ? hot(line(row)) : line(row))));
  }
  return lines;
}

/** What is left goes to the column without a width. */
function widthsOf(heads: readonly Head[], columns: number): number[] {
  const given = heads.reduce((sum, { width = 0 }) => sum + width, 0);
  return heads.map(({ width }) => width ?? Math.max(4, columns - given));
}

/** @returns how many columns fit beside the first */
function fitting([first = 0, ...others]: readonly number[], columns: number): number {
  let left = columns - first;
  let count = 0;
  for (const width of others) {
    left -= width;
    if (left < 0) break;
    count += 1;
  }
  return count;
}

function padded({ text, bar: share }: Cell, { isText }: Head, width: number, at: number): string {
  if (share !== undefined) return bar(share, width);
  const shown = escapeTerminal(text);
  return at === 0 || isText === true ? shown.padEnd(width) : shown.padStart(width);
}
