import { ConfigError } from "../../../server/config-error.ts";

/** The formats that an input can be said to have, and what each is. */
export const INPUT_FORMATS = {
  csv: "columns with commas, semicolons, tabs or bars between them, quotes as in RFC 4180",
  tsv: "columns with tabs between them, quotes mean nothing",
  table: "a table drawn with - | +, as by mysql -t and psql",
  spaces: "columns with spaces between them",
  uniq: "a count, a space, a key: as uniq -c writes",
  keys: "one key a line, each line is one message",
  ndjson: "one JSON value a line",
  json: "one JSON document: an array of rows, or an object of counts by key",
} as const;

export type InputFormat = keyof typeof INPUT_FORMATS;

/** `--count` of an input in which each line is one message. */
export const NO_COUNT = "none";

/** What the user says of an input; what is not said is told from the input itself. */
export interface InputOptions {
  readonly format?: InputFormat;
  /** Name of a column or field, or the number of a column, from 1. */
  readonly key?: string;
  /** As `key`; `none`: each line is one message. */
  readonly count?: string;
  /** As `key`. */
  readonly time?: string;
  /** What the names of these options begin with, for the words of an error; `--` by default. */
  readonly prefix?: string;
}

/** @throws {ConfigError} BAD_OPTIONS for a format that there is not */
export function inputFormat(option: string, text: string): InputFormat {
  if (Object.hasOwn(INPUT_FORMATS, text)) return text as InputFormat;
  const all = Object.entries(INPUT_FORMATS).map(([name, what]) => `${name} (${what})`);
  throw new ConfigError("BAD_OPTIONS", `${option}: there is no format "${text}"; there are ${all.join("; ")}`);
}

/** How the user says what an input is, in words. */
export function howToSay({ prefix = "--" }: InputOptions): string {
  return `say what it is with ${prefix}format ${Object.keys(INPUT_FORMATS).join("|")}, ${prefix}key and ${prefix}count`;
}
