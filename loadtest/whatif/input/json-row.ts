import { NAMES, type ColumnKind } from "./column-names.ts";

/** Names of fields, in lower case; the first that is there counts. */
export type JsonNames = { readonly [Kind in ColumnKind]: readonly string[] };

/** The fields of an object that are read, as they stand; undefined when there is none. */
export type JsonRow = { readonly [Kind in ColumnKind]: unknown };

const KINDS = ["key", "count", "time"] as const;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @returns what takes key, count and time out of an object: the likeliest names that are there, in any case */
export function jsonReader(names: JsonNames): (value: unknown) => JsonRow {
  const fields = new Map(KINDS.flatMap((kind) => names[kind].map((name, rank) => [name, { kind, rank }] as const)));
  const longest = Math.max(...[...fields.keys()].map((name) => name.length));
  return (value) => {
    const row: Record<ColumnKind, unknown> = { key: undefined, count: undefined, time: undefined };
    const ranks = { key: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY, time: Number.POSITIVE_INFINITY };
    if (!isObject(value)) return row;
    for (const name of Object.keys(value)) {
      const field = name.length > longest ? undefined : fields.get(name.toLowerCase());
      if (field === undefined || field.rank >= ranks[field.kind]) continue;
      row[field.kind] = value[name];
      ranks[field.kind] = field.rank;
    }
    return row;
  };
}

/** Of an object with any of the usual names. */
export const jsonRow = jsonReader(NAMES);

/** MongoDB's extended JSON: numbers and ids that JSON has no form for. */
const EXTENDED = new Set(["$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$oid", "$uuid"]);

/** A value without the wrapping of MongoDB's extended JSON. */
function unwrapped(field: unknown): unknown {
  if (!isObject(field)) return field;
  const [name, ...more] = Object.keys(field);
  if (name === undefined || more.length > 0) return field;
  if (EXTENDED.has(name)) return field[name];
  if (name !== "$date") return field;
  const date = unwrapped(field[name]);
  // Numbers of this field are always milliseconds.
  const ms = typeof date === "string" && !/^-?\d+$/u.test(date) ? Number.NaN : Number(date);
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : date;
}

/** A key: also the one field of an object, as `$group` over a document and a composite aggregation give it. */
export function keyOf(field: unknown): unknown {
  const value = unwrapped(field);
  if (!isObject(value)) return value;
  const inner = Object.values(value);
  return inner.length === 1 ? unwrapped(inner[0]) : value;
}

/**
 * A field as it would stand in a table; of what is neither a string nor a number, its JSON, which is no number and no
 * time.
 */
export function fieldText(field: unknown): string | null {
  if (field === undefined) return null;
  const value = unwrapped(field);
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : JSON.stringify(value);
}
