import { ConfigError } from "../../../server/config-error.ts";
import { isOwnId, MAYBE_COUNT, placeOf } from "./column-names.ts";
import { countOf } from "./count-of.ts";
import { howToSay, NO_COUNT, type InputOptions } from "./input-options.ts";
import { areWholeMinutes, timeOf } from "./time-of.ts";

/** Which columns, from 0, say what. */
export interface TableColumns {
  readonly header: boolean;
  /** Of every line. */
  readonly columns: number;
  readonly key: number;
  /** −1: each line is one message. */
  readonly count: number;
  /** −1: there is none. */
  readonly time: number;
  /** As the header names them, or `column 1`. */
  readonly names: readonly string[];
}

/** The first rows of a table, split, and where the first stands. */
export interface TableHead {
  readonly name: string;
  readonly line: number;
  readonly rows: readonly (readonly string[])[];
}

export const isCount = (text: string | undefined): boolean => text !== undefined && !Number.isNaN(countOf(text.trim()));

/** Seconds or milliseconds of the years 2001 to 2033: a column of such numbers may hold keys as well as times. */
const isEpoch = (text = ""): boolean => /^1\d{9}(?:\d{3})?$/u.test(text);

function isDate(text: string): boolean {
  return !/^-?\d+(?:\.\d+)?$/u.test(text) && Number.isFinite(timeOf(text));
}

/**
 * Finds the columns: as the user says, by a header's names, and without either when there is one way alone to read the
 * table: two columns are key and count, unless the first is a date: then time and key. Where numbers may be times or
 * not nothing is guessed.
 *
 * @returns null when nothing tells; `columnsFault` says why
 * @throws {ConfigError} BAD_COLUMNS when what the user says is not there
 */
export function findColumns(head: TableHead, options: InputOptions): TableColumns | null {
  const [first = [], below = []] = head.rows;
  const found = namedColumns(head, options);
  if (found !== null) return found;
  if (options.key !== undefined || options.count !== undefined || options.time !== undefined) return null;
  if (first.length !== 2) return null;
  const header = !first.some((field) => field.trim() === "" || isCountOrDate(field)) && below.some(isCountOrDate);
  const [one = "", two = ""] = header ? below : first;
  const table = { header, columns: 2, names: header ? first : numbered(2) };
  if (isDate(one)) return { ...table, key: 1, count: -1, time: 0 };
  if (!isCount(two) || [one, below[0]].every(isEpoch) || isTurned(head, header)) return null;
  return { ...table, key: 0, count: 1, time: -1 };
}

/** Numbers on both sides, of which those that should be keys come again and those that should be counts do not. */
function isTurned({ rows }: TableHead, header: boolean): boolean {
  const data = rows.slice(Number(header)).filter((row) => row.length === 2);
  if (!data.every(([key, count]) => isCount(key) && isCount(count))) return false;
  const different = (at: number): number => new Set(data.map((row) => row[at]!.trim())).size;
  return different(1) === data.length && different(0) < data.length;
}

const isCountOrDate = (field: string): boolean => isCount(field) || isDate(field);
const numbered = (columns: number): string[] => Array.from({ length: columns }, (_, i) => `column ${i + 1}`);

/** The columns when the user or a header names them; null when not enough is named. */
export function namedColumns(head: TableHead, options: InputOptions): TableColumns | null {
  const [first = []] = head.rows;
  const columns = first.length;
  const said = saidColumns(head, options);
  const names = first.map((field) => field.trim());
  const lower = names.map((name) => name.toLowerCase());
  const anythingSaid = options.key !== undefined || options.count !== undefined || options.time !== undefined;
  const named = { key: placeOf("key", lower), count: placeOf("count", lower), time: placeOf("time", lower) };
  const byNames = named.key >= 0 && (columns === 1 || named.count >= 0 || named.time >= 0 || anythingSaid);
  const header = said.byName || byNames || isAboveNumbers(head, said);
  const each = options.count === NO_COUNT;
  let key = said.key ?? (header ? named.key : -1);
  const time = said.time ?? (header ? named.time : -1);
  let count = each ? -1 : (said.count ?? (header ? named.count : -1));
  if (key < 0 && columns === 2 && Math.max(count, time) >= 0 && Math.min(count, time) < 0)
    key = 1 - Math.max(count, time);
  if (key < 0) return null;
  if (count < 0 && !each && columns > 1) {
    const numeric = numericColumns(head, header).filter((at) => at !== key && at !== time);
    const maybe = header ? lower.indexOf(MAYBE_COUNT) : -1;
    const coarse = time >= 0 && areWholeMinutes(head.rows.slice(Number(header)).map((row) => row[time]?.trim() ?? ""));
    const found = countByContent(numeric, maybe, { columns, time, coarse, key: said.key });
    if (found === null) return null;
    count = found;
  }
  if (said.key === undefined && columns > 1 && count < 0 && isOwnId(names[key])) return null;
  if (key === count || key === time || (count >= 0 && count === time)) {
    throw new ConfigError("BAD_OPTIONS", `${head.name}: key, count and time must be different columns`);
  }
  return { header, columns, key, count, time, names: header ? names : numbered(columns) };
}

interface CountHints {
  readonly columns: number;
  readonly time: number;
  /** Whether all times are whole minutes. */
  readonly coarse: boolean;
  /** That the user says. */
  readonly key: number | undefined;
}

/**
 * The column of the count when no name tells it.
 *
 * @param numeric columns that hold numbers, of which one may be the count
 * @param maybe the one of them that likely is
 * @returns −1 when each line is one message, null when it cannot be told
 */
function countByContent(
  numeric: readonly number[],
  maybe: number,
  { columns, time, coarse, key }: CountHints,
): number | null {
  // Messages have other numbers, too; what comes once a minute or a day is no message.
  if (time >= 0) return numeric.includes(maybe) || (coarse && numeric.length > 0) ? null : -1;
  if (numeric.includes(maybe)) return maybe;
  if (key === undefined) return null;
  if (columns === 2 && numeric.length === 1) return numeric[0]!;
  return numeric.length === 0 ? -1 : null;
}

interface SaidColumns {
  readonly key?: number;
  readonly count?: number;
  readonly time?: number;
  /** Whether one of them is a name, so that there is a header. */
  readonly byName: boolean;
}

function saidColumns({ name, line, rows }: TableHead, options: InputOptions): SaidColumns {
  const names = rows[0]!.map((field) => field.trim());
  const lower = names.map((field) => field.toLowerCase());
  const said: { key?: number; count?: number; time?: number } = {};
  let byName = false;
  for (const kind of ["key", "count", "time"] as const) {
    const wanted = options[kind];
    if (wanted === undefined || (kind === "count" && wanted === NO_COUNT)) continue;
    const same = names.indexOf(wanted);
    const at = same >= 0 ? same : lower.indexOf(wanted.toLowerCase());
    const number = /^\d+$/u.test(wanted) ? Number(wanted) : 0;
    if (at < 0 && !(number >= 1 && number <= names.length)) {
      const all = names.map((one) => JSON.stringify(one)).join(", ");
      const option = `${options.prefix ?? "--"}${kind}`;
      throw new ConfigError(
        "BAD_COLUMNS",
        `${name} line ${line} has no column ${wanted} (${option}); there are ${all}`,
      );
    }
    // The first row of a file without a header may hold a number that is meant as a place.
    const isName = at >= 0 && number === 0;
    byName ||= isName;
    said[kind] = isName ? at : number - 1;
  }
  return { ...said, byName };
}

/** Whether a column of numbers that the user says has something else on top. */
function isAboveNumbers({ rows: [first = [], below = []] }: TableHead, { count, time }: SaidColumns): boolean {
  return (
    (count !== undefined && !isCount(first[count]) && isCount(below[count])) ||
    (time !== undefined && !isTime(first[time]) && isTime(below[time]))
  );
}

const isTime = (text = ""): boolean => Number.isFinite(timeOf(text.trim()));

/** Columns that hold counts in every row below a header. */
function numericColumns({ rows }: TableHead, header: boolean): number[] {
  const data = rows.slice(header ? 1 : 0).filter((row) => row.length === rows[0]!.length);
  if (data.length === 0) return [];
  return rows[0]!.map((_, at) => at).filter((at) => data.every((row) => isCount(row[at])));
}

/** Why the columns of a table cannot be told. */
export function columnsFault(head: TableHead, options: InputOptions): ConfigError {
  const { name, line, rows } = head;
  const [first = []] = rows;
  const shown = first.slice(0, 6).map((field) => JSON.stringify(field.slice(0, 40)));
  const has =
    `${first.length} ${first.length === 1 ? "column" : "columns"}, ` +
    `${shown.join(", ")}${first.length > 6 ? ", …" : ""}`;
  const { prefix = "--" } = options;
  const how =
    `begin it with the line dialog,count or time,dialog, or ${howToSay(options)} (name or number of a ` +
    `column; ${prefix}count none: each line is one message)`;
  return new ConfigError(
    "BAD_COLUMNS",
    `${name} line ${line} does not tell which columns are key and count (${has}): ${how}`,
  );
}
