import { NAMES } from "./column-names.ts";

/** The fields of an object that are read, as they stand; undefined when there is none. */
export type JsonRow = { readonly [Kind in keyof typeof NAMES]: unknown };

/** By lower-case name, and how likely it is to be meant: 0 is the likeliest. */
const FIELDS = new Map(
  (["key", "count", "time"] as const).flatMap((kind) =>
    NAMES[kind].map((name, rank) => [name as string, { kind, rank }] as const),
  ),
);
const LONGEST = Math.max(...[...FIELDS.keys()].map((name) => name.length));

/** Key, count and time of a parsed line: the likeliest names that are there, in any case, whatever they hold. */
export function jsonRow(value: unknown): JsonRow {
  const row: Record<keyof JsonRow, unknown> = { key: undefined, count: undefined, time: undefined };
  const ranks = { key: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY, time: Number.POSITIVE_INFINITY };
  if (typeof value !== "object" || value === null) return row;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    const field = name.length > LONGEST ? undefined : FIELDS.get(name.toLowerCase());
    if (field === undefined || field.rank >= ranks[field.kind]) continue;
    row[field.kind] = fields[name];
    ranks[field.kind] = field.rank;
  }
  return row;
}

/** A field as it would stand in a table; of what is neither a string nor a number, its JSON, which is no number and no time. */
export function fieldText(field: unknown): string | null {
  if (field === undefined) return null;
  return typeof field === "string" ? field : typeof field === "number" ? String(field) : JSON.stringify(field);
}
