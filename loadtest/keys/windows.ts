import type { HashedKeys } from "../analysis/place-keys.ts";
import type { KeyTable } from "./key-table.ts";

/** What was written within a window of time. */
export interface KeyWindow {
  /** Its start, in milliseconds as the input counts them. */
  readonly startMs: number;
  readonly messages: number;
  readonly keys: HashedKeys;
}

export const MINUTE_MS = 60_000;
/**
 * Gathers a stream by minutes. A minute is closed, and told, when the time has gone on.
 *
 * @param openMinutes minutes that stay open for messages that come late, ≥ 1
 * @param onClose called once for each minute with messages, in no order
 */
export function createWindows(
  table: KeyTable,
  onClose: (window: KeyWindow) => void,
  openMinutes = 3,
): {
  /** @returns false when the minute was closed already: the message came too late */
  add(index: number, count: number, timeMs: number): boolean;
  /** Closes what is open. */
  end(): void;
} {
  const open = new Map<number, Map<number, number>>();
  let newest = Number.NEGATIVE_INFINITY;

  function close(minute: number): void {
    const counts = open.get(minute)!;
    open.delete(minute);
    const keys = emptyKeys(counts.size);
    let messages = 0;
    let at = 0;
    for (const [index, count] of counts) {
      table.copyKey(index, keys, at);
      keys.counts[at] = count;
      at += 1;
      messages += count;
    }
    onClose({ startMs: minute * MINUTE_MS, messages, keys });
  }

  return {
    add(index, count, timeMs) {
      const minute = Math.floor(timeMs / MINUTE_MS);
      if (minute > newest) {
        newest = minute;
        for (const one of open.keys()) if (one <= newest - openMinutes) close(one);
      } else if (minute <= newest - openMinutes) return false;
      let counts = open.get(minute);
      if (counts === undefined) open.set(minute, (counts = new Map()));
      counts.set(index, (counts.get(index) ?? 0) + count);
      return true;
    },
    end() {
      for (const one of open.keys()) close(one);
    },
  };
}

/** Not in shared memory, which is slow to come by: there may be tens of thousands of minutes. */
function emptyKeys(size: number): HashedKeys {
  const words = (): Uint32Array => new Uint32Array(size);
  return { size, high: words(), low: words(), timed: words(), counts: new Float64Array(size) };
}
