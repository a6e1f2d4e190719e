import { ConfigError } from "../../../server/config-error.ts";
import { NAMES } from "./column-names.ts";
import { findDrawnTable, drawnCells, isRule } from "./drawn-table.ts";
import type { Format } from "./format.ts";
import { unknownFormat, type Head } from "./head.ts";
import { NO_COUNT, type InputFormat, type InputOptions } from "./input-options.ts";
import { doubtKeys } from "./keys-doubt.ts";
import { recogniseJson, recogniseNdjson } from "./recognise-json.ts";
import { whatIsSeen } from "./seen.ts";
import { MOST_LINES_A_FIELD, splitBy, splitLine, splitRecord, type Quotes } from "./split-record.ts";
import { columnsFault, findColumns, namedColumns, type TableColumns, type TableHead } from "./table-columns.ts";

/**
 * Tells the format of an input from its first lines: as the user says, or the first of these that fits: JSON, a drawn
 * table, columns under a header of known names, an output that is known not to hold counts (refused), `uniq -c`,
 * columns without known names, one key a line.
 *
 * @throws {ConfigError} UNKNOWN_FORMAT, BAD_COLUMNS, BAD_OPTIONS
 */
export function recognise(head: Head, options: InputOptions): Format {
  if (options.format !== undefined) return SAID[options.format](head, options);
  if (/^\s*[{[]/u.test(head.lines[0]!.text)) return recogniseJson(head, options);
  const drawn = drawnTable(head, options);
  if (drawn !== null) return drawn;
  const named = delimited(head, options, namedColumns);
  if (named !== null) return named;
  const seen = whatIsSeen(head);
  if (seen !== null) throw unknownFormat(head, seen.line, seen.what, options);
  if (isUniq(head)) return uniq(head, options);
  const table = delimited(head, options, findColumns);
  if (table !== null) return table;
  if (delimitersIn(head).length > 0) throw columnsFault(tableHead(head, delimitersIn(head)[0]!, "record", 0), options);
  return keys(head, options);
}

const SAID: Readonly<Record<InputFormat, (head: Head, options: InputOptions) => Format>> = {
  csv: (head, options) => saidTable(head, options, delimitersIn(head), "record"),
  tsv: (head, options) => saidTable(head, options, ["\t"], "none"),
  table(head, options) {
    const drawn = drawnTable(head, options);
    if (drawn !== null) return drawn;
    throw unknownFormat(
      head,
      head.lines[0]!.number,
      "not a drawn table: no line of - and + in the first three",
      options,
    );
  },
  spaces,
  uniq,
  keys: saidKeys,
  ndjson: recogniseNdjson,
  json: () => ({ kind: "json" }),
};

const DELIMITERS = ["\t", ",", ";", "|"] as const;
/** What spreadsheets and PowerShell write above the header. */
const PREAMBLE = /^(?:#TYPE |sep=.$)/iu;
/** Types below the header, as ClickHouse writes them. */
const TYPE =
  /^(?:Nullable|LowCardinality|U?Int\d+|Float\d+|Decimal|String|FixedString|Date|DateTime|UUID|Bool|Enum\d+)\d*(?:\(.*\))?$/u;

function delimitersIn(head: Head): string[] {
  const first = tops(head).map((top) => head.lines[top]!.text);
  return DELIMITERS.filter((delimiter) => first.some((text) => text.includes(delimiter)));
}

/** Where the table may begin: below what is known to stand above, or below comments. */
function tops(head: Head): number[] {
  const above = preamble(head);
  const comments = head.lines.findIndex(({ text }) => !text.startsWith("#"));
  return comments > above ? [above, comments] : [above];
}

function preamble({ lines }: Head): number {
  return lines.length > 1 && PREAMBLE.test(lines[0]!.text) ? 1 : 0;
}

type Find = (head: TableHead, options: InputOptions) => TableColumns | null;

/** Those who write commas and semicolons know RFC 4180. */
const quotesOf = (delimiter: string): Quotes => (delimiter === "," || delimiter === ";" ? "record" : "line");

/** The delimiter with which the first lines make sense. */
function delimited(head: Head, options: InputOptions, find: Find): Format | null {
  let fault: unknown = null;
  for (const delimiter of delimitersIn(head)) {
    try {
      const format = tableWith(head, options, delimiter, quotesOf(delimiter), find);
      if (format !== null) return format;
    } catch (error) {
      // What the user names may stand between other delimiters.
      if (!(error instanceof ConfigError)) throw error;
      fault ??= error;
    }
  }
  if (fault !== null) throw fault;
  return null;
}

function tableWith(head: Head, options: InputOptions, delimiter: string, quotes: Quotes, find: Find): Format | null {
  for (const [at, top] of tops(head).entries()) {
    // A key may begin like a comment: a header of known names below it alone tells.
    const table = tableHead(head, delimiter, quotes, top);
    const columns = (at === 0 ? find : namedColumns)(table, options);
    if (columns === null) continue;
    const [, types] = table.rows;
    const typed = columns.header && types?.length === columns.columns && types.every((type) => TYPE.test(type));
    const skip = top + (columns.header ? table.lengths[0]! : 0) + Number(typed);
    return { kind: "table", delimiter, quotes, columns, skip };
  }
  return null;
}

function tableHead({ name, lines }: Head, delimiter: string, quotes: Quotes, above: number): SplitHead {
  const rows: string[][] = [];
  const lengths: number[] = [];
  for (let at = above; at < lines.length; at += lengths.at(-1)!) {
    let fields = splitBy(quotes, lines[at]!.text, delimiter);
    let length = 1;
    for (let text = lines[at]!.text; fields === "open" && at + length < lines.length && length < MOST_LINES_A_FIELD;) {
      text = `${text}\n${lines[at + length]!.text}`;
      length += 1;
      fields = splitRecord(text, delimiter);
    }
    rows.push(fields === null || fields === "open" ? [] : fields);
    // What does not close is one line that is wrong.
    lengths.push(fields === null || fields === "open" ? 1 : length);
  }
  return { name, line: lines[above]?.number ?? 1, rows, lengths };
}

interface SplitHead extends TableHead {
  /** Lines of each row. */
  readonly lengths: readonly number[];
}

function saidTable(head: Head, options: InputOptions, delimiters: readonly string[], quotes: Quotes): Format {
  const all = delimiters.length > 0 ? delimiters : [","];
  for (const delimiter of all) {
    const format = tableWith(head, options, delimiter, quotes, findColumns);
    if (format !== null) return format;
  }
  throw columnsFault(tableHead(head, all[0]!, quotes, preamble(head)), options);
}

function drawnTable(head: Head, options: InputOptions): Format | null {
  const found = findDrawnTable(head.lines.map(({ text }) => text));
  if (found === null) return null;
  const { bordered, first, ruled } = found;
  const rows = head.lines
    .slice(first)
    .filter(({ text }) => !isRule(text))
    .map(({ text }) => drawnCells(text, bordered) ?? []);
  const table: TableHead = { name: head.name, line: head.lines[first]!.number, rows };
  const columns = findColumns(table, options) ?? oneColumn(rows);
  if (columns === null) throw columnsFault(table, options);
  return { kind: "drawn", bordered, columns, skip: first + Number(columns.header || ruled) };
}

function oneColumn([first = []]: readonly (readonly string[])[]): TableColumns | null {
  if (first.length !== 1) return null;
  return { header: true, columns: 1, key: 0, count: -1, time: -1, names: first };
}

function spaces(head: Head, options: InputOptions): Format {
  const rows = head.lines.filter(({ text }) => !isRule(text)).map(({ text }) => text.trim().split(/\s+/u));
  const table: TableHead = { name: head.name, line: head.lines[0]!.number, rows };
  const columns = findColumns(table, options);
  if (columns === null) throw columnsFault(table, options);
  return { kind: "spaces", columns, skip: Number(columns.header) };
}

/**
 * Counts stand to the right of their places: only one that fills them has no space before it, and then not all lines
 * have that.
 */
function isUniq({ lines }: Head): boolean {
  return lines.every(({ text }) => /^ *\d+ /u.test(text)) && lines.some(({ text }) => text.startsWith(" "));
}

function uniq(head: Head, options: InputOptions): Format {
  hasNoColumns(head, options, "the output of uniq -c");
  return { kind: "uniq" };
}

function keys(head: Head, options: InputOptions): Format {
  const format = saidKeys(head, options);
  if (format.kind === "keys" && format.skip > 0) return format;
  const doubt = doubtKeys(head.lines);
  if (doubt !== null) throw unknownFormat(head, doubt.line, doubt.what, options);
  return { kind: "keys", guessed: true, skip: 0 };
}

function saidKeys(head: Head, options: InputOptions): Format {
  hasNoColumns(head, options, "one key a line");
  const first = splitLine(head.lines[0]!.text, "")[0]!.trim().toLowerCase();
  const header = first === options.key?.toLowerCase() || NAMES.key.some((name) => name === first);
  return { kind: "keys", guessed: false, skip: Number(header) };
}

function hasNoColumns({ name, lines }: Head, { key, count, time, prefix = "--" }: InputOptions, what: string): void {
  const said = [
    ...(key === undefined || key === "1" || key === splitLine(lines[0]!.text, "")[0]!.trim() ? [] : [`${prefix}key`]),
    ...(count === undefined || (count === NO_COUNT && what === "one key a line") ? [] : [`${prefix}count`]),
    ...(time === undefined ? [] : [`${prefix}time`]),
  ];
  if (said.length === 0) return;
  throw new ConfigError("BAD_OPTIONS", `${said.join(", ")}: ${name} is ${what}, which has no such column`);
}
