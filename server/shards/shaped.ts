import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { StoreError, type ShardStore } from "./contract.ts";
import type { Shape } from "./url.ts";

/** A store that is worse than its database, as its shape says. */
export function shaped(store: ShardStore, shape: Shape): ShardStore {
  const { lostWhile } = shape;
  return slowed(lostWhile === undefined ? store : losable(store, lostWhile), shape);
}

/**
 * A store whose commits last at least `commitMs` and hold at most `maxRows` rows: at saturation it takes
 * maxRows ÷ commitMs rows a millisecond, whatever the database and the machine could do. Only `insert` is slowed.
 */
function slowed(store: ShardStore, shape: Shape): ShardStore {
  const maxRows = Math.min(shape.maxRows ?? Infinity, store.maxRows ?? Infinity);
  return {
    ...store,
    maxRows,
    async insert(rows, fence) {
      const start = performance.now();
      const inserted = await store.insert(rows, fence);
      const rest = shape.commitMs - (performance.now() - start);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
      return inserted;
    },
  };
}

/** What asks nothing of the database. */
const ITS_OWN: ReadonlySet<string> = new Set(["connections", "abandon", "close"]);

/**
 * A store that is lost while a file exists: what is asked of it then never reaches the database, and what was under way
 * when the file came has no answer, though the database may have done it.
 */
function losable(store: ShardStore, file: string): ShardStore {
  const isLost = (): boolean => existsSync(file);
  const lost = (maybeStored: boolean): StoreError =>
    new StoreError(`this shaped shard is lost while ${file} exists`, maybeStored);
  async function guarded(call: () => unknown): Promise<unknown> {
    if (isLost()) throw lost(false);
    const answer = await call();
    if (isLost()) throw lost(true);
    return answer;
  }
  const methods = Object.entries(store).map(([name, value]: [string, unknown]) => {
    if (typeof value !== "function" || ITS_OWN.has(name)) return [name, value];
    return [name, (...given: unknown[]) => guarded(() => Reflect.apply(value, store, given))];
  });
  return Object.fromEntries(methods) as ShardStore;
}
