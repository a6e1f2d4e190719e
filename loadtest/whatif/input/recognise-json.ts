import { ConfigError } from "../../../server/config-error.ts";
import type { Format } from "./format.ts";
import { unknownFormat, type Head, type HeadLine } from "./head.ts";
import type { InputOptions } from "./input-options.ts";
import { isShapeFault, shapeOf } from "./json-shape.ts";
import { isCount } from "./table-columns.ts";

/**
 * JSON of a line each, when the first lines are values by themselves; else one document.
 *
 * @throws {ConfigError} UNKNOWN_FORMAT, BAD_COLUMNS
 */
export function recogniseJson(head: Head, options: InputOptions): Format {
  const { lines } = head;
  const whole = lines.filter((line) => parsed(line) !== undefined).length;
  // The last of some rows in a document may stand alone on its line.
  if (lines.length > 1 && whole * 2 >= lines.length) return recogniseNdjson(head, options);
  return { kind: "json" };
}

/** @throws {ConfigError} BAD_COLUMNS when fields do not tell key and count */
export function recogniseNdjson(head: Head, options: InputOptions): Format {
  const rows = head.lines.map((line) => ({ line, value: parsed(line) })).filter(({ value }) => value !== undefined);
  if (rows.length === 0) throw unknownFormat(head, head.lines[0]!.number, "not a JSON object a line", options);
  const shape = shapeOf(
    rows.map(({ value }) => value),
    options,
  );
  if (!isShapeFault(shape)) return { kind: "ndjson", shape, skip: namesAbove(rows.map(({ value }) => value)) };
  throw new ConfigError("BAD_COLUMNS", `${head.name} line ${rows[shape.at]!.line.number}: ${shape.why}`);
}

/**
 * Arrays of names and of types above those of rows, as ClickHouse's JSONCompactEachRowWithNames and …AndTypes write
 * them.
 */
function namesAbove(values: readonly unknown[]): number {
  const rows = values.slice(0, 3).findIndex((value) => !Array.isArray(value) || isCount(String(value[1])));
  return Math.max(0, rows);
}

/** The object or array of a line; undefined for anything else. */
function parsed({ text }: HeadLine): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
