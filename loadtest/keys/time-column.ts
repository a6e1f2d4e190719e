import { ID_EPOCH_MS } from "../../server/placement/message-id.ts";
import { MINUTE_MS } from "./windows.ts";

/** How a column of times is asked for minutes. */
export interface TimeColumn {
  /** The minute (since 1970) of a number as `spanSql` gives it. */
  minuteOf(value: bigint): number;
  /** SQL, with one placeholder, of the start of a minute; and its value. */
  readonly placeholder: string;
  startOf(minute: number): string;
  /** SQL of a row's minute. */
  readonly minute: string;
}

const DATES = new Set(["date", "datetime", "timestamp"]);
/** Sizes of today's clock in each unit, and its ticks a minute. */
const UNITS = [
  { below: 10n ** 11n, perMinute: 60n, epochMs: 0 },
  { below: 10n ** 14n, perMinute: 60_000n, epochMs: 0 },
  { below: 10n ** 17n, perMinute: 60_000_000n, epochMs: 0 },
  // Message ids of hotshard's own shards: milliseconds × 2^22.
  { below: 10n ** 18n, perMinute: 60_000n << 22n, epochMs: ID_EPOCH_MS },
  { below: 2n ** 64n, perMinute: 60_000_000_000n, epochMs: 0 },
];

/**
 * A date column (read as UTC), or a number whose size tells its unit: seconds, milliseconds, microseconds, nanoseconds
 * since 1970, or hotshard's message ids.
 *
 * @param column quoted
 * @param type as in information_schema
 * @param last the largest value, when the column holds numbers
 * @returns null when that is larger than any time
 */
export function timeColumn(column: string, type: string, last: bigint): TimeColumn | null {
  if (DATES.has(type)) {
    return {
      minuteOf: (value) => Number(value / 60n),
      placeholder: "FROM_UNIXTIME(?)",
      startOf: (minute) => String(minute * 60),
      minute: `FLOOR(UNIX_TIMESTAMP(${column}) / 60)`,
    };
  }
  const unit = UNITS.find(({ below }) => last < below);
  if (unit === undefined) return null;
  const { perMinute, epochMs } = unit;
  const first = epochMs / MINUTE_MS;
  return {
    minuteOf: (value) => Number(value / perMinute) + first,
    placeholder: "?",
    startOf: (minute) => String(BigInt(minute - first) * perMinute),
    minute: `${column} DIV ${perMinute} + ${first}`,
  };
}

/** Whether a column of this type, as in information_schema, can be asked for minutes: of text and of floats it cannot. */
export const isTimeType = (type: string): boolean => DATES.has(type) || type === "decimal" || type.endsWith("int");

/**
 * SQL of the first and the last value, of dates in seconds. MIN and MAX stand innermost: of a bare column they come from its
 * index, of anything else from every row.
 */
export function spanSql(column: string, type: string): string {
  const ends = [`MIN(${column})`, `MAX(${column})`];
  return ends.map((end) => (DATES.has(type) ? `FLOOR(UNIX_TIMESTAMP(${end}))` : end)).join(", ");
}
