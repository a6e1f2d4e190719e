/** The rows of a table without counting them at each look. */
export interface RowCount {
  /** This process stored so many more; below 0 when it removed some. */
  add(rows: number): void;
  /** Null while no count has succeeded. */
  read(): Promise<number | null>;
}

/**
 * A count may take a whole scan, and others may write as well: it is made again when so many times its duration is
 * over.
 */
const REST = 1_000;
const EVERY_MS = 60_000;

/**
 * Counts once, adds what this process stores, and checks by a new count, at most once a minute and for at most a
 * thousandth of the time.
 *
 * @param count reads the whole table
 * @param now milliseconds
 */
export function createRowCount(count: () => Promise<number>, now: () => number): RowCount {
  let counted: number | null = null;
  let added = 0;
  let dueAt = -Infinity;

  async function recount(): Promise<void> {
    const start = now();
    // Rows that are stored during the count are in it or not; the next one tells.
    const before = added;
    try {
      counted = (await count()) - before;
    } catch {
      // A table that is too large, or a database that is lost, which the writer notices by itself.
    } finally {
      const took = now() - start;
      dueAt = now() + Math.max(EVERY_MS, REST * took);
    }
  }

  return {
    add: (rows) => void (added += rows),
    async read() {
      if (now() >= dueAt) await recount();
      return counted === null ? null : counted + added;
    },
  };
}
