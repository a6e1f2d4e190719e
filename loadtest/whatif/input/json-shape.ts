import { isOwnId, MAYBE_COUNT, NAMES, type ColumnKind } from "./column-names.ts";
import { NO_COUNT, type InputOptions } from "./input-options.ts";
import { fieldText, isObject, type JsonNames } from "./json-row.ts";
import { isCount } from "./table-columns.ts";
import { areWholeMinutes, timeOf } from "./time-of.ts";

/** How rows of JSON say key, count and time. */
export interface JsonShape {
  readonly names: JsonNames;
  /** The fields that these are in the first rows, as they are written; null when there is none. */
  readonly fields: { readonly [Kind in ColumnKind]: string | null };
  /** Whether each row has a count; else each is one message. */
  readonly counted: boolean;
  /** Whether each row has a time. */
  readonly timed: boolean;
}

/** What of the rows is not clear, in words, and in which of them, from 0. */
export interface ShapeFault {
  readonly why: string;
  readonly at: number;
}

/**
 * Tells from some rows, objects or [key, count], what their fields are.
 *
 * A row without a count is one message, unless a field of another name holds a number in every row: that may be the
 * count.
 */
export function shapeOf(rows: readonly unknown[], options: InputOptions): JsonShape | ShapeFault {
  const { key, count, time, prefix = "--" } = options;
  const objects = rows.filter(isObject);
  const names: JsonNames = {
    key: key === undefined ? NAMES.key : [key.toLowerCase()],
    count: count === undefined ? NAMES.count : count === NO_COUNT ? [] : [count.toLowerCase()],
    time: time === undefined ? NAMES.time : [time.toLowerCase()],
  };
  if (objects.length === 0) return { names, fields: NO_FIELDS, counted: true, timed: false };
  const shape = shapeWith(names, objects);
  const { fields, counted, timed } = shape;
  const there = `there are ${Object.keys(objects[0]!).slice(0, 8).join(", ")}`;
  const fault = (why: string): ShapeFault => ({ at: rows.findIndex(isObject), why });
  if (fields.key === null) return fault(`no field ${key ?? "dialog or key"}; ${there}`);
  if (objects.some((object) => isDate(object["key_as_string"]))) {
    return fault("a date_histogram: it counts by time, not by key");
  }
  const each = count === NO_COUNT;
  if (count !== undefined && !each && !counted) return fault(`no field ${count} (${prefix}count); ${there}`);
  if (time !== undefined && !timed) return fault(`no field ${time} (${prefix}time); ${there}`);
  if (!counted && key === undefined && isOwnId(fields.key) && Object.keys(objects[0]!).length > 1) {
    return fault(`${fields.key} may be the message's own: say ${prefix}key; ${there}`);
  }
  if (counted || each) return shape;
  const numeric = numericFields(objects).filter(
    (name) => name !== fields.time && !names.key.includes(name.toLowerCase()),
  );
  const maybe = numeric.some((name) => name.toLowerCase() === MAYBE_COUNT);
  const coarse = timed && areWholeMinutes(objects.map((object) => fieldText(object[fields.time!]) ?? ""));
  // Messages have other numbers, too; what comes once a minute or a day is no message.
  if (numeric.length === 0 || (timed && !maybe && !coarse)) return shape;
  if (maybe && !timed) {
    return shapeWith({ ...names, count: [MAYBE_COUNT] }, objects);
  }
  const name = maybe ? MAYBE_COUNT : numeric[0];
  const which = `${prefix}count ${name}, or ${prefix}count none when each row is one message`;
  return fault(`a number in ${numeric.slice(0, 8).join(", ")}, which may be the count: say ${which}`);
}

export const isShapeFault = (shape: JsonShape | ShapeFault): shape is ShapeFault => "why" in shape;

const NO_FIELDS = { key: null, count: null, time: null } as const;

function shapeWith(names: JsonNames, objects: readonly Readonly<Record<string, unknown>>[]): JsonShape {
  const all = objects.flatMap((object) => Object.keys(object));
  const spelled = new Map(all.map((name) => [name.toLowerCase(), name]));
  const fieldOf = (kind: ColumnKind): string | null =>
    spelled.get(names[kind].find((name) => spelled.has(name)) ?? "") ?? null;
  const fields = { key: fieldOf("key"), count: fieldOf("count"), time: fieldOf("time") };
  return { names, fields, counted: fields.count !== null, timed: fields.time !== null };
}

function isDate(text: unknown): boolean {
  return typeof text === "string" && !/^\d+$/u.test(text) && Number.isFinite(timeOf(text));
}

/** Fields that hold a count in every object. */
function numericFields(objects: readonly Readonly<Record<string, unknown>>[]): string[] {
  return Object.keys(objects[0]!).filter((name) =>
    objects.every((object) => isCount(fieldText(object[name]) ?? undefined)),
  );
}
