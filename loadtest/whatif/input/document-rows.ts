import { ConfigError } from "../../../server/config-error.ts";
import { jsonReading, type Reading } from "./format.ts";
import { unknownFormat } from "./head.ts";
import type { InputFaults } from "./input-faults.ts";
import type { InputOptions } from "./input-options.ts";
import { parseDocument, rowsOfDocument } from "./json-document.ts";
import { isShapeFault, shapeOf } from "./json-shape.ts";
import { jsonAdder } from "./json-adder.ts";
import { emptyBatch, rowAdder, type RowBatch } from "./row-batch.ts";

/** More is no string of Node any more. */
const LARGEST_DOCUMENT = 500_000_000;
/** Rows of which the fields are told. */
const SAMPLE = 1_000;
const ROWS_A_BATCH = 65_536;
/** `{ _id: …` and `[ { _id: …`: names without quotes. */
const SHELL = /^\s*(?:\[\s*)?\{\s*[A-Za-z_$][\w$]*\s*:/u;

interface Order {
  readonly name: string;
  readonly options: InputOptions;
  readonly faults: InputFaults;
  readonly onReading: (reading: Reading) => void;
}

/**
 * Rows of one JSON document, in batches; faults count its elements.
 *
 * @throws {ConfigError} UNKNOWN_FORMAT, BAD_COLUMNS, CUT_SHORT
 */
export function* documentBatches(
  pieces: readonly Buffer[],
  { name, options, faults, onReading }: Order,
): Generator<RowBatch> {
  const refuse = (why: string): ConfigError => unknownFormat({ name, lines: [] }, 0, why, options);
  const bytes = Buffer.concat(pieces);
  if (bytes.length > LARGEST_DOCUMENT)
    throw refuse("one JSON document of over 500 MB: write a row a line, as jq -c '.[]'");
  const text = bytes.toString("utf8");
  const found = rowsOfDocument(parse(text, refuse), {
    ...(options.key !== undefined && { key: options.key }),
    isMap: options.format === "json",
  });
  if ("why" in found) {
    throw found.code === "CUT_SHORT" ? new ConfigError(found.code, `${name}: ${found.why}`) : refuse(found.why);
  }
  const shape = shapeOf(found.rows.slice(0, SAMPLE), options);
  if (isShapeFault(shape)) throw new ConfigError("BAD_COLUMNS", `${name} element ${shape.at + 1}: ${shape.why}`);
  const reading = jsonReading(found.what, shape);
  onReading(found.eachOne === true ? { ...reading, eachOne: true } : reading);
  faults.countElements();
  for (let from = 0; from < found.rows.length; from += ROWS_A_BATCH) {
    const batch = emptyBatch();
    const add = jsonAdder(shape, rowAdder(batch, faults), faults);
    found.rows.slice(from, from + ROWS_A_BATCH).forEach((row, i) => add(row, from + i + 1));
    if (batch.keys.length > 0) yield batch;
  }
}

function parse(text: string, refuse: (why: string) => ConfigError): unknown {
  try {
    return parseDocument(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (SHELL.test(text)) throw refuse("mongosh's own notation, no JSON: print EJSON.stringify(…), or use mongoexport");
    throw refuse(`begins like JSON and is none (${error.message.replaceAll(/\s+/gu, " ")})`);
  }
}
