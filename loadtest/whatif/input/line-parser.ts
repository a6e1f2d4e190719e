import { drawnCells, isFooter, isRule } from "./drawn-table.ts";
import { fieldsAdder } from "./fields-adder.ts";
import type { Format } from "./format.ts";
import type { InputFaults } from "./input-faults.ts";
import { jsonAdder } from "./json-adder.ts";
import { isDoubtful } from "./keys-doubt.ts";
import { badRow, rowAdder, type RowBatch } from "./row-batch.ts";
import { splitLine } from "./split-record.ts";
import { tableParser } from "./table-parser.ts";

/**
 * Adds the line [from, until) of the text to the batch; the text has a character a byte.
 *
 * @returns `row` when the line is done with, also when it was left out; `open` when it is the first part of a record
 *   that goes on in the next line; `bad` when its quotes break the rules
 */
export type LineParser = (text: string, from: number, until: number, line: number) => "row" | "open" | "bad";

/** What reads one line of this format. A line that cannot be used goes to `faults`. */
export function lineParser(
  format: Exclude<Format, { kind: "json" }>,
  batch: RowBatch,
  faults: InputFaults,
): LineParser {
  if (format.kind === "table") return tableParser(format, batch, faults);
  const addLine = lineAdder(format, batch, faults);
  return (text, from, until, line) => {
    addLine(text.slice(from, until), line);
    return "row";
  };
}

type AddLine = (text: string, line: number) => void;
type Whole = Exclude<Format, { kind: "json" } | { kind: "table" }>;

/** Formats of which a line is always a row. */
function lineAdder(format: Whole, batch: RowBatch, faults: InputFaults): AddLine {
  if (format.kind === "ndjson") return ndjson(jsonAdder(format.shape, rowAdder(batch, faults), faults), faults);
  if (format.kind === "uniq") return uniq(batch, faults);
  if (format.kind === "keys") return keys(format.guessed, batch, faults);
  return cells(format, batch, faults);
}

function uniq(batch: RowBatch, faults: InputFaults): AddLine {
  const add = rowAdder(batch, faults);
  return (text, line) => {
    const [, count, key] = /^ *(\d+) (.*)$/u.exec(text) ?? [];
    if (key === undefined || count === undefined) badRow(faults, line, "not a count, a space and a key");
    else add(key, count, null, line);
  };
}

function keys(guessed: boolean, batch: RowBatch, faults: InputFaults): AddLine {
  const add = rowAdder(batch, faults);
  return (text, line) => {
    if (!guessed || !isDoubtful(text)) add(splitLine(text, "")[0]!, null, null, line);
    else badRow(faults, line, "a space, which keys seldom have (the format keys takes it)");
  };
}

/** Between the rows of a drawn table stand lines, and below it what its client says. */
function cells(format: Extract<Whole, { columns: unknown }>, batch: RowBatch, faults: InputFaults): AddLine {
  const add = rowAdder(batch, faults, { nulls: true });
  const isDrawn = format.kind === "drawn";
  const remedy = isDrawn ? "export CSV when keys hold bars" : "export CSV when keys hold spaces";
  const addFields = fieldsAdder(format.columns, add, faults, remedy);
  return (text, line) => {
    if (isRule(text) || isFooter(text)) return;
    const fields = isDrawn ? drawnCells(text, format.bordered) : text.trim().split(/\s+/u);
    if (fields === null) badRow(faults, line, "no row of the table, or one whose value has line ends");
    else addFields(fields, line);
  };
}

function ndjson(add: (value: unknown, line: number) => void, faults: InputFaults): AddLine {
  return (text, line) => {
    const ascii = !/[\u0080-\u00ff]/u.test(text);
    let value: unknown;
    try {
      value = JSON.parse(ascii ? text : Buffer.from(text, "latin1").toString("utf8"));
    } catch {
      return badRow(faults, line, "not JSON");
    }
    add(value, line);
  };
}
