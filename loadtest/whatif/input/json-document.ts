import { MAYBE_COUNT } from "./column-names.ts";
import { fieldText, isObject, jsonRow, keyOf } from "./json-row.ts";
import { isCount } from "./table-columns.ts";

/**
 * Rows of a whole document, objects or [key, count], and what they are in words; `eachOne`: each is one message; or why
 * there are none, in words, and the code of that error.
 */
export type DocumentRows =
  | { readonly rows: readonly unknown[]; readonly what: string; readonly eachOne?: true }
  | { readonly why: string; readonly code: "UNKNOWN_FORMAT" | "CUT_SHORT" };

const none = (why: string): DocumentRows => ({ why, code: "UNKNOWN_FORMAT" });

/** What the user says of the document. */
export interface DocumentOptions {
  /** The field of the key. */
  readonly key?: string;
  /** Whether an object of numbers is counts by key, even if it could be a row. */
  readonly isMap: boolean;
}

/** Objects in objects are looked through so deep. */
const DEEPEST = 6;

/**
 * Several values, one below the other, as `jq` without -c writes them, or one.
 *
 * @throws {SyntaxError} when it is no JSON
 */
export function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // What is indented belongs to the value above it.
    const parts = text.trim().split(/\n(?=[{[])/u);
    if (parts.length === 1) throw error;
    return parts.map((part) => JSON.parse(part) as unknown);
  }
}

/**
 * Finds the rows in a document: an array of objects, of [key, count] or of keys; one such array anywhere in it
 * (ClickHouse's `data`, Elasticsearch's `buckets`); an object of rows; or an object of counts by key.
 *
 */
export function rowsOfDocument(document: unknown, options: DocumentOptions): DocumentRows {
  if (Array.isArray(document)) return rowsOfArray(document);
  if (!isObject(document)) return none(`${JSON.stringify(document).slice(0, 40)} alone, which is no row`);
  if (isWholeRow(document, options)) return { rows: [document], what: "one JSON object" };
  const arrays = rowArrays(document, options, "", DEEPEST);
  if (arrays.length > 1) {
    const paths = arrays.map(({ path }) => path);
    return none(`rows in ${paths.join(" and ")}: cut out one of them, as in jq '${paths[0]}'`);
  }
  const [array] = arrays;
  if (array !== undefined && array.others > 0) {
    const lacks = `${array.path} lacks the keys of ${array.others} messages (sum_other_doc_count)`;
    return { why: `${lacks}: ask with a larger size, or for a composite aggregation`, code: "CUT_SHORT" };
  }
  if (array !== undefined) return { rows: array.rows, what: `a JSON document, its rows in ${array.path}` };
  const values = Object.values(document);
  if (values.length > 0 && values.every((value) => isObject(value) && isWholeRow(value, options))) {
    return { rows: values, what: "a JSON object of rows" };
  }
  return rowsOfMap(document, options);
}

function rowsOfArray(document: readonly unknown[]): DocumentRows {
  if (document.every((one) => typeof one === "string")) {
    return { rows: document.map((key) => [key, 1]), what: "a JSON array of keys", eachOne: true };
  }
  const odd = document.findIndex((one) => !isObject(one) && !isPair(one));
  if (odd === -1) return { rows: document, what: "a JSON array of rows" };
  const shown = JSON.stringify(document[odd]).slice(0, 40);
  return none(`element ${odd + 1}, ${shown}, is neither an object nor [key, count]`);
}

function rowsOfMap(document: Readonly<Record<string, unknown>>, options: DocumentOptions): DocumentRows {
  const entries = Object.entries(document);
  const [only, ...more] = entries;
  if (only !== undefined && more.length === 0 && isObject(only[1])) return rowsOfMap(only[1], options);
  const shown = `an object of ${entries
    .slice(0, 6)
    .map(([name]) => name)
    .join(", ")}${entries.length > 6 ? ", …" : ""}`;
  if (!entries.every(([, value]) => isCount(fieldText(value) ?? undefined))) {
    return none(`${shown}, which is neither a row nor counts by key`);
  }
  if (!options.isMap && isLikeRow(document, options)) {
    return none(`${shown}, which may be a row or counts by key: the format json says the latter`);
  }
  return { rows: entries, what: "a JSON object of counts by key" };
}

/** Whether a field is called as one of a row is. */
function isLikeRow(document: Readonly<Record<string, unknown>>, options: DocumentOptions): boolean {
  const { key, count, time } = jsonRow(document);
  return [keyField(document, options), key, count, time].some((field) => field !== undefined);
}

/** A pair of a key and its count. */
export const isPair = (value: unknown): value is readonly [unknown, unknown] =>
  Array.isArray(value) && value.length === 2;

function keyField(object: Readonly<Record<string, unknown>>, { key }: DocumentOptions): unknown {
  if (key === undefined) return jsonRow(object).key;
  const name = Object.keys(object).find((one) => one.toLowerCase() === key.toLowerCase());
  return name === undefined ? undefined : object[name];
}

function isWholeRow(value: Readonly<Record<string, unknown>>, options: DocumentOptions): boolean {
  const key = keyOf(keyField(value, options));
  if (typeof key !== "string" && typeof key !== "number") return false;
  const { count, time } = jsonRow(value);
  return count !== undefined || time !== undefined || value[MAYBE_COUNT] !== undefined || options.key !== undefined;
}

interface RowArray {
  /** As jq takes it. */
  readonly path: string;
  readonly rows: readonly unknown[];
  /** Messages of keys that are not in it: Elasticsearch gives ten buckets unless it is asked for more. */
  readonly others: number;
}

/** Arrays of rows, at any depth; what a row holds itself is not looked through. */
function rowArrays(
  object: Readonly<Record<string, unknown>>,
  options: DocumentOptions,
  path: string,
  depth: number,
): RowArray[] {
  if (depth === 0) return [];
  return Object.entries(object).flatMap(([name, value]) => {
    const own = `${path}.${name}`;
    if (isObject(value)) return rowArrays(value, options, own, depth - 1);
    if (!Array.isArray(value) || value.length === 0) return [];
    const areRows = value.every((one) => isPair(one) || (isObject(one) && keyField(one, options) !== undefined));
    return areRows ? [{ path: own, rows: value, others: Number(object["sum_other_doc_count"] ?? 0) }] : [];
  });
}
