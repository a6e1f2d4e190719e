import { emptyKeys, type HashedKeys } from "../analysis/skew/place-keys.ts";
import type { KeyTable } from "./key-table.ts";

/** What was written within a window of time. */
export interface KeyWindow {
  /** Its start, in milliseconds as the input counts them. */
  readonly startMs: number;
  readonly messages: number;
  readonly keys: HashedKeys;
}

const MINUTE_MS = 60_000;
/** Minutes that stay open for messages that come late. */
const OPEN_MINUTES = 3;

/**
 * Gathers a stream by minutes. A minute is closed, and told, when the time has gone on.
 *
 * @param onClose called once for each minute with messages, in no order
 */
export function createWindows(
  table: KeyTable,
  onClose: (window: KeyWindow) => void,
): {
  /**
   * @param timed hash of the key in its time bucket, which stands for the whole minute; absent: that of one moment
   * @returns false when the minute was closed already: the message came too late
   */
  add(index: number, count: number, timeMs: number, timed?: number): boolean;
  /** Closes what is open. */
  end(): void;
} {
  const open = new Map<number, { readonly counts: Map<number, number>; readonly timed: Map<number, number> }>();
  let newest = Number.NEGATIVE_INFINITY;

  function close(minute: number): void {
    const { counts, timed } = open.get(minute)!;
    open.delete(minute);
    const keys = emptyKeys(counts.size);
    let messages = 0;
    let at = 0;
    for (const [index, count] of counts) {
      table.copyKey(index, keys, at);
      keys.counts[at] = count;
      keys.timed[at] = timed.get(index) ?? keys.timed[at]!;
      at += 1;
      messages += count;
    }
    onClose({ startMs: minute * MINUTE_MS, messages, keys });
  }

  return {
    add(index, count, timeMs, timed) {
      const minute = Math.floor(timeMs / MINUTE_MS);
      if (minute > newest) {
        newest = minute;
        for (const one of open.keys()) if (one <= newest - OPEN_MINUTES) close(one);
      } else if (minute <= newest - OPEN_MINUTES) return false;
      let window = open.get(minute);
      if (window === undefined) open.set(minute, (window = { counts: new Map(), timed: new Map() }));
      const known = window.counts.get(index);
      window.counts.set(index, (known ?? 0) + count);
      if (known === undefined && timed !== undefined) window.timed.set(index, timed);
      return true;
    },
    end() {
      for (const one of open.keys()) close(one);
    },
  };
}
