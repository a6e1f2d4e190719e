import type { JsonShape } from "./json-shape.ts";
import type { Quotes } from "./split-record.ts";
import type { TableColumns } from "./table-columns.ts";

/** How an input says key, count and time. */
export type Format =
  | {
      readonly kind: "table";
      readonly delimiter: string;
      readonly quotes: Quotes;
      readonly columns: TableColumns;
      /** Lines, blank ones aside, that stand above the rows. */
      readonly skip: number;
    }
  | { readonly kind: "drawn"; readonly bordered: boolean; readonly columns: TableColumns; readonly skip: number }
  | { readonly kind: "spaces"; readonly columns: TableColumns; readonly skip: number }
  /** As `uniq -c` writes: spaces, a count, a space, the key. */
  | { readonly kind: "uniq" }
  /** One key a line; `guessed`: nobody said so, and nothing spoke against it so far. */
  | { readonly kind: "keys"; readonly guessed: boolean; readonly skip: number }
  | { readonly kind: "ndjson"; readonly shape: JsonShape; readonly skip: number }
  /** One document, read as a whole. */
  | { readonly kind: "json" };

/** How an input was read, for the one who asks whether it was read right. */
export interface Reading {
  /** In words. */
  readonly format: string;
  /** Name of the column or field of the key; null when it has none. */
  readonly key: string | null;
  /** The same of the count. */
  readonly count: string | null;
  /** The same of the time. */
  readonly time: string | null;
  /** Whether each line or element is one message. */
  readonly eachOne: boolean;
}

const DELIMITED: Readonly<Record<string, string>> = {
  ",": "CSV",
  ";": "CSV with semicolons",
  "\t": "columns with tabs between them",
  "|": "columns with bars between them",
};

/** What is said of a format that was found. */
export function readingOf(format: Exclude<Format, { kind: "json" }>): Reading {
  if (format.kind === "uniq") return { ...NAMELESS, format: "the output of uniq -c", eachOne: false };
  if (format.kind === "keys") return { ...NAMELESS, format: "one key a line", eachOne: true };
  if (format.kind === "ndjson") return jsonReading("NDJSON", format.shape);
  const { names, key, count, time } = format.columns;
  const named = (at: number): string | null => (at < 0 ? null : (names[at] ?? null));
  const words =
    format.kind === "table"
      ? (DELIMITED[format.delimiter] ?? "one column")
      : format.kind === "drawn"
        ? "a drawn table"
        : "columns with spaces between them";
  return { format: words, key: named(key), count: named(count), time: named(time), eachOne: count < 0 };
}

/** @param format in words */
export function jsonReading(format: string, { fields, counted }: JsonShape): Reading {
  return { format, ...fields, eachOne: !counted };
}

const NAMELESS = { key: null, count: null, time: null } as const;
