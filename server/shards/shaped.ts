import { performance } from "node:perf_hooks";
import type { ShardStore } from "./contract.ts";
import type { Shape } from "./url.ts";

/**
 * A store whose commits last at least `commitMs` and hold at most `maxRows` rows: at saturation it takes
 * maxRows ÷ commitMs rows a millisecond, whatever the database and the machine could do. Only `insert` is slowed.
 */
export function shaped(store: ShardStore, shape: Shape): ShardStore {
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
