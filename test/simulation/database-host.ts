import type { Inserted, MessageRow } from "../../server/shards/contract.ts";
import { createDatabase, type Database } from "./database.ts";

/** The machine of a shard: its database may stand still, or end and start again with all that was committed. */
export interface DatabaseHost {
  readonly name: string;
  readonly database: Database;
  isUp(): boolean;
  /** Something went wrong between it and a process. */
  trouble(): void;
  /** Whether something did, in the last so many ms. */
  wasTroubled(ms: number): boolean;
  /** Counts the starts: a connection ends with the one in which it was made. */
  start(): number;
  /** Runs it when the database does not stand still. */
  enter(run: () => void): void;
  /** @param run is called at each end of the database. @returns ends that */
  onEnd(run: () => void): () => void;
  kill(): void;
  restart(): void;
  pause(): void;
  resume(): void;
}

/** @param onStored is told of rows after they were stored */
export function createDatabaseHost(
  name: string,
  now: () => number,
  onStored: (rows: readonly MessageRow[]) => void,
): DatabaseHost {
  const database = createDatabase(now);
  const told = (rows: readonly MessageRow[], inserted: Inserted): Inserted => {
    onStored(rows);
    return inserted;
  };

  const listeners = new Set<() => void>();
  let start = 1;
  let isUp = true;
  let isPaused = false;
  let troubledAt = -Infinity;
  let held: (() => void)[] = [];
  return {
    name,
    database: {
      ...database,
      insert: (rows, fence) => told(rows, database.insert(rows, fence)),
      store: (rows) => told(rows, database.store(rows)),
    },
    isUp: () => isUp,
    trouble: () => void (troubledAt = now()),
    wasTroubled: (ms) => isPaused || !isUp || now() - troubledAt < ms,
    start: () => start,
    enter(run) {
      if (isPaused) held.push(run);
      else run();
    },
    onEnd(run) {
      listeners.add(run);
      return () => void listeners.delete(run);
    },
    kill() {
      isUp = false;
      start++;
      held = [];
      isPaused = false;
      for (const run of listeners) run();
    },
    restart: () => void (isUp = true),
    pause: () => void (isPaused = true),
    resume() {
      isPaused = false;
      const due = held;
      held = [];
      for (const run of due) run();
    },
  };
}
