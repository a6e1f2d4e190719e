import type { InputFaults } from "./input-faults.ts";
import { isPair } from "./json-document.ts";
import { fieldText, isObject, jsonReader, keyOf } from "./json-row.ts";
import type { JsonShape } from "./json-shape.ts";
import type { AddRow } from "./row-batch.ts";

const NO_TIME = "no time, and others have one";
const UNUSED_TIME = "a time, and the first have none: times are not used";
const NO_COUNT = "no count, and others have one";
const LATE_COUNT = "a count, and the first have none";

/** What adds a row of JSON: an object, or [key, count]. */
export function jsonAdder(
  { names, counted, timed }: JsonShape,
  add: AddRow,
  faults: InputFaults,
): (value: unknown, place: number) => void {
  const read = jsonReader(names);
  return (value, place) => {
    const leftOut = (code: string, why: string): void => faults.add(code, place, () => `${why}; it is left out`);
    if (!isObject(value) && !isPair(value)) return leftOut("BAD_ROW", "neither an object nor [key, count]");
    const row = isPair(value) ? { key: value[0], count: value[1], time: undefined } : read(value);
    const { count, time } = row;
    const key = keyOf(row.key);
    if (typeof key !== "string" && typeof key !== "number") {
      const name = names.key.length === 1 ? names.key[0] : "dialog or key";
      return leftOut("BAD_ROW", `no field ${name} that is a string or a number`);
    }
    // A double holds its neighbours as the same number: two keys would become one.
    if (typeof key === "number" && Math.abs(key) > Number.MAX_SAFE_INTEGER) {
      return leftOut("BAD_ROW", "the key is a number beyond 2^53: write it as text, in quotes");
    }
    if (counted && count === undefined) return leftOut("BAD_COUNT", NO_COUNT);
    if (!counted && count !== undefined) return leftOut("BAD_COUNT", LATE_COUNT);
    if (timed && time === undefined) return leftOut("BAD_TIME", NO_TIME);
    if (!timed && time !== undefined) faults.add("BAD_TIME", place, () => UNUSED_TIME, false);
    const name = Buffer.from(String(key), "utf8").toString("latin1");
    add(name, fieldText(count), timed ? fieldText(time) : null, place);
  };
}
