import { isUtf8 } from "node:buffer";
import { ConfigError } from "../../server/placement/contract.ts";
import { readChunks, type Chunk } from "./chunks.ts";
import { detectFormat, type Format } from "./columns.ts";
import { inputName, type InputFaults } from "./input-faults.ts";
import { lineParser } from "./line-parser.ts";

/** Rows of an input, in its order. */
export interface RowBatch {
  /** UTF-8 bytes of each key, a character (0 to 255) a byte: what `hashBytes` takes. `textOf` makes text of it. */
  readonly keys: string[];
  /** Messages of each row, > 0. */
  readonly counts: number[];
  /** Milliseconds, of every row; empty when the input has no times. */
  readonly times: number[];
  /** Number of the line of each row, from 1. */
  readonly lines: number[];
}

const TAB = 9;
const RETURN = 13;
const SPACE = 32;
/** UTF-16, as some programs save it, in either order of bytes. */
const WIDE_MARKS = ["\u00ff\u00fe", "\u00fe\u00ff"];
/** A byte-order mark, a character a byte. */
const MARK = "\u00ef\u00bb\u00bf";
/** What is looked at to tell the format. */
const HEAD = 65_536;

function isBlank(text: string, from: number, until: number): boolean {
  let at = from;
  while (at < until && (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB)) at += 1;
  return at === until;
}

/** The text of a key of a batch. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/**
 * Rows of a file of counts (`dialog,count`) or of a trace (`time,dialog`): CSV with a header or none, with commas, tabs,
 * semicolons or bars; NDJSON; the output of `uniq -c`; one key a line. Gzip or not; `-` is stdin.
 *
 * Streams: a file may be larger than memory. A line that cannot be used is left out and told in `faults`.
 *
 * @throws {ConfigError} NO_INPUT, NOT_TEXT, BAD_COLUMNS
 */
export async function* readRows(path: string, faults: InputFaults): AsyncGenerator<RowBatch> {
  let format: Format | null = null;
  let header = false;
  for await (const chunk of readChunks(path, faults)) {
    const text = chunk.bytes.toString("latin1");
    const start = chunk.line === 1 && text.startsWith(MARK) ? MARK.length : 0;
    if (format === null) {
      if (WIDE_MARKS.some((mark) => text.startsWith(mark))) {
        throw new ConfigError("NOT_TEXT", `${inputName(path)} is UTF-16: save it as UTF-8`);
      }
      const head = text.slice(start, start + HEAD).split(/\r?\n/u);
      const lines = head.filter((line) => !isBlank(line, 0, line.length));
      if (lines.length === 0) continue;
      format = detectFormat(lines, inputName(path));
      header = format.kind === "table" && format.header;
    }
    const batch: RowBatch = { keys: [], counts: [], times: [], lines: [] };
    const parse = lineParser(format, batch, faults);
    const isText = utf8Check(chunk, faults);
    let line = chunk.line;
    for (let from = start; from < text.length; line += 1) {
      let until = text.indexOf("\n", from);
      if (until === -1) until = text.length;
      const next = until + 1;
      if (text.charCodeAt(until - 1) === RETURN && until > from) until -= 1;
      if (!isBlank(text, from, until)) {
        if (header) header = false;
        else if (isText(from, until, line)) parse(text, from, until, line);
      }
      from = next;
    }
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
