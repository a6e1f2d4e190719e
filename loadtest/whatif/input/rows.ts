import { isUtf8 } from "node:buffer";
import { ConfigError } from "../../../server/config-error.ts";
import { readChunks, type Chunk } from "./chunks.ts";
import { documentBatches } from "./document-rows.ts";
import { readingOf, type Format, type Reading } from "./format.ts";
import { headOf } from "./head.ts";
import { inputName, type InputFaults } from "./input-faults.ts";
import type { InputOptions } from "./input-options.ts";
import { lineParser } from "./line-parser.ts";
import { openRecord } from "./open-record.ts";
import { recognise } from "./recognise.ts";
import { emptyBatch, type RowBatch } from "./row-batch.ts";

const TAB = 9;
const RETURN = 13;
const SPACE = 32;
/** What files that are no text begin with, a character a byte. */
const NO_TEXT: readonly (readonly [mark: string, what: string])[] = [
  ["\u00ff\u00fe", "UTF-16: save it as UTF-8"],
  ["\u00fe\u00ff", "UTF-16: save it as UTF-8"],
  ["PK\u0003\u0004", "a ZIP archive: unpack it"],
  ["(\u00b5/\u00fd", "packed with zstd: pipe it through zstdcat"],
  ["BZh91AY&SY", "packed with bzip2: pipe it through bzcat"],
  ["\u00fd7zXZ", "packed with xz: pipe it through xzcat"],
  ["PAR1", "Parquet: export CSV"],
  ["Obj\u0001", "Avro: export CSV"],
  ["SQLite format 3", "a database of SQLite: export CSV with sqlite3 -csv -header"],
];
/** A byte-order mark, a character a byte. */
const MARK = "\u00ef\u00bb\u00bf";

function isBlank(text: string, from: number, until: number): boolean {
  let at = from;
  while (at < until && (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB)) at += 1;
  return at === until;
}

/** What may be said and asked about the reading of an input. */
export interface ReadOptions {
  /** What the user says of the input. */
  readonly options?: InputOptions;
  /** Told how the input is read, before its first rows. */
  readonly onReading?: (reading: Reading) => void;
}

/**
 * Rows of a file of counts (`dialog,count`) or of a trace (`time,dialog`), in the formats of docs/whatif.md; gzip or
 * not; `-` is stdin.
 *
 * Streams: a file may be larger than memory, unless it is one JSON document. A line that cannot be used is left out and
 * told in `faults`.
 *
 * @throws {ConfigError} NO_INPUT, NOT_TEXT, UNKNOWN_FORMAT, BAD_COLUMNS, BAD_OPTIONS, CUT_SHORT
 */
export async function* readRows(
  path: string,
  faults: InputFaults,
  { options = {}, onReading = () => {} }: ReadOptions = {},
): AsyncGenerator<RowBatch> {
  let format: Format | null = null;
  let skip = 0;
  const records = openRecord(faults);
  // Beside `records.isOpen()`: this is asked for every line.
  let open = false;
  const document: Buffer[] = [];
  for await (const chunk of readChunks(path, faults)) {
    const text = chunk.bytes.toString("latin1");
    const start = chunk.line === 1 && text.startsWith(MARK) ? MARK.length : 0;
    if (format === null) {
      const binary = NO_TEXT.find(([mark]) => text.startsWith(mark));
      if (binary !== undefined) throw new ConfigError("NOT_TEXT", `${inputName(path)} is ${binary[1]}`);
      const head = headOf(inputName(path), text.slice(start), chunk.line);
      if (head.lines.length === 0) continue;
      format = recognise(head, options);
      if (format.kind !== "json") onReading(readingOf(format));
      skip = "skip" in format ? format.skip : 0;
    }
    if (format.kind === "json") {
      document.push(start > 0 ? chunk.bytes.subarray(start) : chunk.bytes);
      continue;
    }
    const batch = emptyBatch();
    const parse = lineParser(format, batch, faults);
    const isText = utf8Check(chunk, faults);
    let line = chunk.line;
    for (let from = start; from < text.length; line += 1) {
      let until = text.indexOf("\n", from);
      if (until === -1) until = text.length;
      const next = until + 1;
      if (text.charCodeAt(until - 1) === RETURN && until > from) until -= 1;
      if (open) {
        if (isText(from, until, line)) records.goOn(parse, { text: text.slice(from, next), line });
        else records.giveUp(parse);
        open = records.isOpen();
      } else if (!isBlank(text, from, until)) {
        if (skip > 0) skip -= 1;
        else if (isText(from, until, line)) {
          const found = parse(text, from, until, line);
          if (found !== "row") {
            records.begin(found, { text: text.slice(from, next), line });
            open = records.isOpen();
          }
        }
      }
      from = next;
    }
    if (batch.keys.length > 0) yield batch;
  }
  if (format?.kind === "json") {
    yield* documentBatches(document, { name: inputName(path), options, faults, onReading });
  } else if (format !== null && records.isOpen()) {
    const batch = emptyBatch();
    const parse = lineParser(format, batch, faults);
    while (records.isOpen()) records.giveUp(parse);
    if (batch.keys.length > 0) yield batch;
  }
}

/** All lines at once, since nearly all files are sound; one by one only where something is wrong. */
function utf8Check({ bytes }: Chunk, faults: InputFaults): (from: number, until: number, line: number) => boolean {
  if (isUtf8(bytes)) return () => true;
  return (from, until, line) => {
    if (isUtf8(bytes.subarray(from, until))) return true;
    faults.add("BAD_UTF8", line, () => "bytes that are not UTF-8; the line is left out");
    return false;
  };
}
