import { splitFields, type Format } from "./columns.ts";
import type { InputFaults } from "./input-faults.ts";
import { fieldText, jsonRow } from "./json-row.ts";
import type { RowBatch } from "./rows.ts";
import { timeOf } from "./time-of.ts";

type Table = Extract<Format, { kind: "table" }>;
/** Adds the line [from, until) of the text to the batch; the text has a character a byte. */
type LineParser = (text: string, from: number, until: number, line: number) => void;

const QUOTE = 34;
const ZERO = 48;
/** Digits that are exact in a double whatever they are. */
const SAFE_DIGITS = 15;
const NO_TIME = "no time, and other lines have one; the line is left out";
const UNUSED_TIME = "a time, and the first lines have none: times are not used";

/** What reads one line of this format. A line that cannot be used goes to `faults`. */
export function lineParser(format: Format, batch: RowBatch, faults: InputFaults): LineParser {
  const row = rowOf(batch, faults);
  if (format.kind === "ndjson") return ndjson(format.timed, row, faults);
  if (format.kind === "uniq") {
    return (text, from, until, line) => {
      const [, count, key] = /^ *(\d+) (.*)$/u.exec(text.slice(from, until)) ?? [];
      if (key === undefined || count === undefined) badRow(faults, line, "not a count, a space and a key");
      else row(key, count, null, line);
    };
  }
  return format.delimiter === ""
    ? (text, from, until, line) => row(splitFields(text.slice(from, until), "")[0] ?? "", null, null, line)
    : table(format, row, batch, faults);
}

function badRow(faults: InputFaults, line: number, why: string): void {
  faults.add("BAD_ROW", line, () => `${why}; the line is left out`);
}

type Row = (key: string, count: string | null, time: string | null, line: number) => void;

/** Checks the parts of a row. A row of no messages is no row. */
function rowOf(batch: RowBatch, faults: InputFaults): Row {
  return (key, countText, timeText, line) => {
    if (key === "") return badRow(faults, line, "the key is empty");
    const count = countText === null ? 1 : countOf(countText, line, faults);
    const time = timeText === null ? null : timeOf(timeText.trim());
    if (time !== null && Number.isNaN(time)) {
      const shown = JSON.stringify(timeText?.slice(0, 40));
      faults.add("BAD_TIME", line, () => `${shown} is neither a date nor a number; the line is left out`);
      return;
    }
    if (!(count > 0)) return;
    batch.keys.push(key);
    batch.counts.push(count);
    batch.lines.push(line);
    if (time !== null) batch.times.push(time);
  };
}

/** @returns NaN for what is no count, after telling so */
function countOf(text: string, line: number, faults: InputFaults): number {
  const trimmed = text.trim();
  if (/^\d+(?:\.0*)?$/u.test(trimmed) && Number(trimmed) <= Number.MAX_SAFE_INTEGER) return Number(trimmed);
  const shown = JSON.stringify(trimmed.slice(0, 40));
  if (/^-\d/u.test(trimmed)) {
    faults.add("NEGATIVE_COUNT", line, () => `the count ${shown} is negative; the line is left out`);
  } else {
    faults.add("BAD_COUNT", line, () => `the count ${shown} is not a whole number up to 2^53; the line is left out`);
  }
  return Number.NaN;
}

/** Without quotes a key and a count are read in place: ten million lines take seconds. */
function table(format: Table, row: Row, batch: RowBatch, faults: InputFaults): LineParser {
  const delimiter = format.delimiter.charCodeAt(0);
  const simple = format.key === 0 && format.count === 1 && format.columns === 2;
  const slow: LineParser = (text, from, until, line) => {
    const fields = splitFields(text.slice(from, until), format.delimiter);
    if (fields.length !== format.columns) {
      return badRow(
        faults,
        line,
        `${fields.length} columns, not ${format.columns}: quote a key that holds the delimiter`,
      );
    }
    const field = (column: number): string | null => (column < 0 ? null : fields[column]!);
    row(field(format.key) ?? "", field(format.count), field(format.time), line);
  };
  if (!simple) return slow;
  return (text, from, until, line) => {
    let at = from;
    for (; at < until; at += 1) {
      const byte = text.charCodeAt(at);
      if (byte === delimiter) break;
      if (byte === QUOTE) return slow(text, from, until, line);
    }
    const key = text.slice(from, at);
    let count = 0;
    const digits = until - at - 1;
    if (digits < 1 || digits > SAFE_DIGITS || key === "") return slow(text, from, until, line);
    for (at += 1; at < until; at += 1) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return slow(text, from, until, line);
      count = count * 10 + digit;
    }
    if (count === 0) return;
    batch.keys.push(key);
    batch.counts.push(count);
    batch.lines.push(line);
  };
}

function ndjson(timed: boolean, row: Row, faults: InputFaults): LineParser {
  return (text, from, until, line) => {
    const source = text.slice(from, until);
    const ascii = !/[\u0080-\u00ff]/u.test(source);
    let value: unknown;
    try {
      value = JSON.parse(ascii ? source : Buffer.from(source, "latin1").toString("utf8"));
    } catch {
      return badRow(faults, line, "not JSON");
    }
    const { key, count, time } = jsonRow(value);
    if (typeof key !== "string" && typeof key !== "number") {
      return badRow(faults, line, "no field dialog or key that is a string or a number");
    }
    // A double holds its neighbours as the same number: two keys would become one.
    if (typeof key === "number" && Math.abs(key) > Number.MAX_SAFE_INTEGER) {
      return badRow(faults, line, "the key is a number beyond 2^53: write it as text, in quotes");
    }
    if (timed && time === undefined) {
      faults.add("BAD_TIME", line, () => NO_TIME);
      return;
    }
    if (!timed && time !== undefined) faults.add("BAD_TIME", line, () => UNUSED_TIME, false);
    const name = Buffer.from(String(key), "utf8").toString("latin1");
    row(name, fieldText(count), timed ? fieldText(time) : null, line);
  };
}
