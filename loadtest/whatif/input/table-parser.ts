import { isFooter } from "./drawn-table.ts";
import { fieldsAdder } from "./fields-adder.ts";
import type { Format } from "./format.ts";
import type { InputFaults } from "./input-faults.ts";
import type { LineParser } from "./line-parser.ts";
import { isNull, rowAdder, type RowBatch } from "./row-batch.ts";
import { splitBy } from "./split-record.ts";

const QUOTE = 34;
const ZERO = 48;
/** Digits that are exact in a double whatever they are. */
const SAFE_DIGITS = 15;

/** Without quotes a key and a count are read in place: ten million lines take seconds. */
export function tableParser(
  format: Extract<Format, { kind: "table" }>,
  batch: RowBatch,
  faults: InputFaults,
): LineParser {
  const { columns, quotes } = format;
  const delimiter = format.delimiter.charCodeAt(0);
  const slow = tableLine(format, batch, faults);
  if (columns.key !== 0 || columns.count !== 1 || columns.columns !== 2) return slow;
  return (text, from, until, line) => {
    let at = from;
    for (; at < until; at += 1) {
      const byte = text.charCodeAt(at);
      if (byte === delimiter) break;
      if (byte === QUOTE && quotes !== "none") return slow(text, from, until, line);
    }
    const key = text.slice(from, at);
    let count = 0;
    const digits = until - at - 1;
    if (digits < 1 || digits > SAFE_DIGITS || key === "" || isNull(key)) return slow(text, from, until, line);
    for (at += 1; at < until; at += 1) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return slow(text, from, until, line);
      count = count * 10 + digit;
    }
    if (count === 0) return "row";
    batch.keys.push(key);
    batch.counts.push(count);
    batch.lines.push(line);
    return "row";
  };
}

/** psql -t writes no footer, but spaces around what it aligns. */
const ALIGNED = / \||\| /u;

function tableLine(format: Extract<Format, { kind: "table" }>, batch: RowBatch, faults: InputFaults): LineParser {
  const { columns, quotes, delimiter } = format;
  const rules = { nulls: true, decimalComma: delimiter === ";" };
  const addFields = fieldsAdder(
    columns,
    rowAdder(batch, faults, rules),
    faults,
    "quote a key that holds the delimiter",
  );
  return (all, from, until, line) => {
    const text = all.slice(from, until);
    const fields = splitBy(quotes, text, delimiter);
    if (fields === "open") return fields;
    if (fields === null) return "bad";
    const isPsql = delimiter === "|" && quotes === "line";
    if (isPsql && fields.length < columns.columns && isFooter(text.trim())) return "row";
    addFields(isPsql && ALIGNED.test(text) ? fields.map((field) => field.trim()) : fields, line);
    return "row";
  };
}
