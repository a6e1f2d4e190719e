import type { ShardStore, StoredSize } from "./contract.ts";

/** What a shard holds, as of its last look. */
export interface ShardSize {
  last(): StoredSize;
  stop(): void;
}

const FIRST_MS = 1_000;
const EVERY_MS = 5_000;
/** A look that takes long is rare: the next one waits so many times as long. */
const REST = 20;

/**
 * Looks at a shard's size from time to time, never at a scrape: scrapers must not decide how often tables are counted.
 *
 * @param isUp a shard that is down is not asked
 */
export function watchSize(store: Pick<ShardStore, "size">, isUp: () => boolean): ShardSize {
  let size: StoredSize = { rows: 0, bytes: 0 };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const start = performance.now();
    try {
      if (isUp()) size = await store.size();
    } catch {
      // The shard went down meanwhile: its writer notices by itself, and the last size stands.
    }
    const took = performance.now() - start;
    if (!stopped) timer = setTimeout(() => void look(), Math.max(EVERY_MS, REST * took)).unref();
  }

  timer = setTimeout(() => void look(), FIRST_MS).unref();
  return {
    last: () => size,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
