import type { KeyTable } from "./key-table.ts";
import { textOf } from "./input/row-batch.ts";

/** A key by name. */
export interface NamedKey {
  /** In its `KeyTable`. */
  readonly index: number;
  readonly dialog: string;
  readonly count: number;
}

/**
 * Keeps the names of the heaviest keys of a stream. Exact, because the table counts every key: at its last row a key
 * has its whole count, and who belongs to the heaviest in the end belongs to the heaviest of what was seen until then.
 *
 * @param capacity names to keep
 */
export function createTopKeys(
  table: KeyTable,
  capacity: number,
): {
  /** After a key's messages were added; `bytes` as in a `RowBatch`. */
  offer(index: number, count: number, bytes: string): void;
  /** Heaviest first; earlier seen first among equals. */
  list(): NamedKey[];
} {
  const names = new Map<number, string>();
  let least = 0;

  const ranked = (): [number, string][] =>
    [...names].sort(([a], [b]) => table.count(b) - table.count(a) || a - b).slice(0, capacity);

  return {
    offer(index, count, bytes) {
      if (count <= least || names.has(index)) return;
      names.set(index, textOf(bytes));
      if (names.size < 2 * capacity) return;
      const kept = ranked();
      least = table.count(kept[kept.length - 1]![0]);
      names.clear();
      for (const [key, name] of kept) names.set(key, name);
    },
    list: () => ranked().map(([index, dialog]) => ({ index, dialog, count: table.count(index) })),
  };
}
