import { countOf } from "./count-of.ts";
import type { InputFaults } from "./input-faults.ts";
import { timeOf } from "./time-of.ts";

/** Rows of an input, in its order. */
export interface RowBatch {
  /** UTF-8 bytes of each key, a character (0 to 255) a byte: what `hashBytes` takes. `textOf` makes text of it. */
  readonly keys: string[];
  /** Messages of each row, > 0. */
  readonly counts: number[];
  /** Milliseconds, of every row; empty when the input has no times. */
  readonly times: number[];
  /** Number of the line of each row, from 1; of one document, of its element. */
  readonly lines: number[];
}

export const emptyBatch = (): RowBatch => ({ keys: [], counts: [], times: [], lines: [] });

/** The text of a key of a batch. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** A row as text: its key, and count and time if it has them. */
export type AddRow = (key: string, count: string | null, time: string | null, line: number) => void;

export function badRow(faults: InputFaults, line: number, why: string): void {
  faults.add("BAD_ROW", line, () => `${why}; the line is left out`);
}

/** A key that is none, as mysql, `SELECT … INTO OUTFILE` and ClickHouse write it into tables. */
export const isNull = (key: string): boolean =>
  (key.length === 4 && key === "NULL") || (key.length === 2 && key === "\\N");

/** What the text of a table may mean. */
export interface RowRules {
  /** Whether NULL is no key. */
  readonly nulls?: boolean;
  /** As of `countOf`. */
  readonly decimalComma?: boolean;
}

/** What checks the parts of a row and adds it. A row of no messages is no row. */
export function rowAdder(batch: RowBatch, faults: InputFaults, rules: RowRules = {}): AddRow {
  const { nulls = false, decimalComma = false } = rules;
  return (key, countText, timeText, line) => {
    if (key === "") return badRow(faults, line, "the key is empty");
    if (nulls && isNull(key)) return badRow(faults, line, `the key is ${key}, which is none`);
    const count = countText === null ? 1 : checkedCount(countText.trim(), decimalComma, line, faults);
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
function checkedCount(text: string, decimalComma: boolean, line: number, faults: InputFaults): number {
  const count = countOf(text, decimalComma);
  if (!Number.isNaN(count)) return count;
  const shown = JSON.stringify(text.slice(0, 40));
  if (/^-\d/u.test(text)) {
    faults.add("NEGATIVE_COUNT", line, () => `the count ${shown} is negative; the line is left out`);
  } else if (decimalComma && !Number.isNaN(countOf(text))) {
    faults.add("BAD_COUNT", line, () => `the count ${shown} may be one or a thousand; the line is left out`);
  } else {
    faults.add("BAD_COUNT", line, () => `the count ${shown} is not a whole number up to 2^53; the line is left out`);
  }
  return count;
}
