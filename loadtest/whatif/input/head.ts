import { howToSay, type InputOptions } from "./input-options.ts";
import { ConfigError } from "../../../server/config-error.ts";

/** A line that is not blank. */
export interface HeadLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** The first lines of an input, of which its format is told. */
export interface Head {
  /** Of the input, for errors. */
  readonly name: string;
  readonly lines: readonly HeadLine[];
}

/** What is looked at, characters; the first line is there as a whole. */
const HEAD = 65_536;

/**
 * @param text the first whole lines, a character a byte
 * @param firstLine number of the first of them
 */
export function headOf(name: string, text: string, firstLine: number): Head {
  const end = text.indexOf("\n");
  const until = Math.max(HEAD, end === -1 ? text.length : end);
  const lines = text
    .slice(0, until)
    .split("\n")
    .map((line, i) => ({
      text: Buffer.from(line.replace(/\r$/u, ""), "latin1").toString("utf8"),
      number: firstLine + i,
    }));
  // Half a line tells nothing.
  if (until < text.length && text[until] !== "\n") lines.pop();
  return { name, lines: lines.filter(({ text: line }) => !/^[ \t]*$/u.test(line)) };
}

const READ =
  "What is read: CSV (, ; tab or |) of key and count, or of time and key; tables of mysql -t and psql; uniq -c; " +
  "JSON and NDJSON with key and count, or counts by key; one key a line";

/** UNKNOWN_FORMAT: what was seen and where, what would be read, and how to say what it is. */
export function unknownFormat(head: Head, line: number, seen: string, options: InputOptions): ConfigError {
  const where = line === 0 ? head.name : `${head.name} line ${line}`;
  return new ConfigError(
    "UNKNOWN_FORMAT",
    `${where}: ${seen}${seen.endsWith("?") ? "" : "."} ${READ}. Or ${howToSay(options)}`,
  );
}
