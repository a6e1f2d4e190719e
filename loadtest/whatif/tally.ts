import { dialogNumber } from "../../server/placement/dialog.ts";
import { hashBytes } from "../../server/placement/hash.ts";
import { TIMED_SEED } from "../analysis/skew/place-keys.ts";
import type { InputFaults } from "./input/input-faults.ts";
import { createKeyTable, type KeyTable } from "./key-table.ts";
import { createPairs, type Pairs } from "./pairs.ts";
import type { RowBatch } from "./input/row-batch.ts";
import { createTopKeys, type NamedKey } from "./top-keys.ts";
import { createWindows, type KeyWindow } from "./windows.ts";

/** Messages per key of a whole input. */
export interface Tally {
  readonly table: KeyTable;
  readonly messages: number;
  /** Rows that were used. */
  readonly rows: number;
  /** The heaviest keys by name, heaviest first. */
  readonly top: readonly NamedKey[];
  /** First and last time, ms; null when the input has no times. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | null;
  /** Of the rows with a time: their pairs of key and time bucket, for each width that was asked for. */
  readonly pairs: readonly Pairs[];
}

/** Keys whose names are kept; the others are known by their hashes. */
const NAMED = 2_000;

/**
 * Adds up rows by key, in memory for the distinct keys alone.
 *
 * @param onWindow told of every minute, when the rows have times
 * @param widths milliseconds of the time buckets of placements by time; the first one's tell where keys lie in a minute
 */
export async function tally(
  rows: AsyncIterable<RowBatch>,
  faults: InputFaults,
  onWindow: (window: KeyWindow) => void,
  widths: readonly number[] = [],
): Promise<Tally> {
  const table = createKeyTable();
  const top = createTopKeys(table, NAMED);
  const windows = createWindows(table, onWindow);
  const pairs = widths.map((width) => createPairs(width));
  const words = new Uint32Array(4);
  let messages = 0;
  let used = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for await (const { keys, counts, times, lines } of rows) {
    used += keys.length;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i]!;
      const count = counts[i]!;
      hashBytes(key, 0, words);
      const index = table.indexOf(words[0]!, words[1]!);
      if (table.isNew()) {
        hashBytes(key, TIMED_SEED, words);
        table.setTimed(index, words[0]!);
        table.setNumber(index, dialogNumber(key));
      }
      top.offer(index, table.add(index, count), key);
      messages += count;
      const time = times[i];
      if (time === undefined) continue;
      fromMs = Math.min(fromMs, time);
      toMs = Math.max(toMs, time);
      const [timed] = pairs.map((one) => one.add(key, index, count, time));
      if (!windows.add(index, count, time, timed)) faults.add("OUT_OF_ORDER", lines[i]!, outOfOrder, false);
    }
  }
  windows.end();
  return { table, messages, rows: used, top: top.list(), span: fromMs <= toMs ? { fromMs, toMs } : null, pairs };
}

const outOfOrder = (): string =>
  "a message over two minutes older than one before it: it counts for the whole, not for its minute. Sort the " +
  "trace by time";
