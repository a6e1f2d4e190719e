import type { ShardOutage } from "../protocol/http.ts";

/** The times in which a shard was lost, and what its database said. */
export interface OutageLog {
  /** The shard was lost (with the reason) or is back (null). */
  note(state: "up" | "down", reason: Error | null): void;
  /** The latest ones, in the order of time. */
  list(): readonly ShardOutage[];
}

/** So many are told; a shard that comes and goes all the time is one story. */
const MOST_OUTAGES = 20;
const MOST_LETTERS = 300;

/** @param now Unix ms */
export function createOutageLog(now: () => number = Date.now): OutageLog {
  let outages: readonly ShardOutage[] = [];
  return {
    note(state, reason) {
      const last = outages.at(-1);
      const isDown = last !== undefined && last.until === null;
      if (state === "up" && isDown) outages = [...outages.slice(0, -1), { ...last, until: now() }];
      if (state === "down" && !isDown) {
        outages = [...outages, { from: now(), until: null, reason: inOneLine(reason) }].slice(-MOST_OUTAGES);
      }
    },
    list: () => outages,
  };
}

/** Of an error its message alone: a driver hangs the statement with its values on it, and those are message texts. */
function inOneLine(reason: Error | null): string {
  const line = (reason?.message ?? "").replaceAll(/\s+/gu, " ").trim();
  return line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS)}…` : line;
}
