import { ConfigError } from "../../server/placement/contract.ts";
import { NAMES } from "./column-names.ts";
import { jsonRow } from "./json-row.ts";
import { timeOf } from "./time-of.ts";

/** How the lines of an input say key, count and time. Columns from 0; −1: not there, then a line is one message. */
export type Format =
  | {
      readonly kind: "table";
      /** Between the columns; "" when there is only one. */
      readonly delimiter: string;
      readonly header: boolean;
      /** Of every line. */
      readonly columns: number;
      readonly key: number;
      readonly count: number;
      readonly time: number;
    }
  /** As `uniq -c` writes: spaces, a count, a space, the key. */
  | { readonly kind: "uniq" }
  /** An object a line; with times when one of the first lines has one. */
  | { readonly kind: "ndjson"; readonly timed: boolean };

const isNumber = (text: string): boolean => /^-?\d+(?:\.\d+)?$/.test(text);

/**
 * Tells the format from the first lines.
 *
 * A header is known by its names, or by a first line without a number above a line with one. Without a header one column
 * is the key, and two are key and count, unless the first is a date: then time and key. Where numbers may be times or not
 * nothing is guessed.
 *
 * @param lines the first lines that are not empty; the last may be cut
 * @param file named in the error
 * @throws {ConfigError} BAD_COLUMNS when no column can be the key
 */
export function detectFormat(lines: readonly string[], file: string): Format {
  const [first = "", second = ""] = lines;
  if (first.trimStart().startsWith("{")) return { kind: "ndjson", timed: lines.some(hasTime) };
  if (isUniq(lines)) return { kind: "uniq" };
  const delimiter = ["\t", ",", ";", "|"].find((one) => first.includes(one)) ?? "";
  const fields = splitFields(first, delimiter);
  const names = fields.map((field) => field.trim().toLowerCase());
  // By what is likeliest to be meant, not by what comes first: a table of messages has an id and a dialog.
  const find = (known: readonly string[]): number => {
    const name = known.find((one) => names.includes(one));
    return name === undefined ? -1 : names.indexOf(name);
  };
  const table = { kind: "table", delimiter, columns: fields.length } as const;
  const key = find(NAMES.key);
  const count = find(NAMES.count);
  const time = find(NAMES.time);
  if (key >= 0 && (fields.length === 1 || count >= 0 || time >= 0)) {
    return { ...table, header: true, key, count, time };
  }
  const below = splitFields(second, delimiter);
  const header =
    !fields.some((field) => isNumber(field) || isDate(field)) && below.some((one) => isNumber(one) || isDate(one));
  const sample = header ? below : fields;
  if (fields.length === 1) return { ...table, header: key >= 0, key: 0, count: -1, time: -1 };
  if (fields.length === 2) {
    if (isDate(sample[0] ?? "")) return { ...table, header, key: 1, count: -1, time: 0 };
    if (isNumber(sample[1] ?? "") && ![sample[0], below[0]].every(isEpoch)) {
      return { ...table, header, key: 0, count: 1, time: -1 };
    }
  }
  throw new ConfigError(
    "BAD_COLUMNS",
    `${file} line 1 does not tell which columns are key and count: begin it with the line dialog,count or time,dialog`,
  );
}

/** Counts stand to the right of their places: only one that fills them has no space before it, and then not all lines have that. */
function isUniq(lines: readonly string[]): boolean {
  if (/^ +\d+ \S/.test(lines[0] ?? "")) return true;
  // The last of them may be cut.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines;
  return whole.every((line) => /^ *\d+ \S/.test(line)) && whole.some((line) => line.startsWith(" "));
}

function hasTime(line: string): boolean {
  try {
    return jsonRow(JSON.parse(line)).time !== undefined;
  } catch {
    return false;
  }
}

/** Seconds or milliseconds of the years 2001 to 2033: a column of such numbers may hold keys as well as times. */
const isEpoch = (text = ""): boolean => /^1\d{9}(?:\d{3})?$/.test(text);

function isDate(text: string): boolean {
  return !isNumber(text) && Number.isFinite(timeOf(text));
}

/** Fields of a line (RFC 4180 quotes); a quote that is not closed ends with the line. */
export function splitFields(line: string, delimiter: string): string[] {
  if (delimiter === "") return [unquoted(line)];
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i <= line.length; i += 1) {
    if (line[i] === '"') quoted = !quoted;
    else if (i === line.length || (line[i] === delimiter && !quoted)) {
      fields.push(unquoted(line.slice(from, i)));
      from = i + 1;
    }
  }
  return fields;
}

function unquoted(field: string): string {
  const inner = /^"([\s\S]*)"$/.exec(field)?.[1];
  return inner === undefined ? field : inner.replaceAll('""', '"');
}
