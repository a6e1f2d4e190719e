import type { Period } from "../placement/periods.ts";
import { TIME_SHIFT } from "../placement/message-id.ts";

/**
 * Expressions of a message's segment and time bucket (`createWhen`), to group by. The ids and numbers in them are those
 * of a checked topology, and both databases read them alike but for the division of whole numbers.
 *
 * @param divide the operator: `/` in SQLite, `DIV` in MySQL
 */
export function whenSql(periods: readonly Period[], divide: "/" | "DIV"): { segment: string; bucket: string } {
  const newestFirst = periods.map((period, segment) => ({ ...period, segment })).reverse();
  const choose = (value: (one: (typeof newestFirst)[number]) => string): string => {
    const values = newestFirst.map(value);
    if (new Set(values).size === 1) return values[0]!;
    const cases = newestFirst.map(({ from }, i) =>
      from === "0" ? `ELSE ${values[i]}` : `WHEN id >= ${from} THEN ${values[i]}`,
    );
    return `CASE ${cases.join(" ")} END`;
  };
  return {
    segment: choose(({ segment }) => String(segment)),
    bucket: choose(({ bucketMs }) => (bucketMs === 0 ? "0" : `(id >> ${TIME_SHIFT}) ${divide} ${bucketMs}`)),
  };
}
