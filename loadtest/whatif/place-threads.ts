import { once } from "node:events";
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import {
  addPlaced,
  compileLayouts,
  emptyPlaced,
  labelsOfKeys,
  placeKeys,
  type HashedKeys,
  type Layout,
  type PlacedKeys,
} from "../analysis/skew/place-keys.ts";

/** What a thread is to place. */
export interface PlaceOrder {
  readonly layouts: readonly Layout[];
  readonly today: Layout;
  readonly blocks: readonly HashedKeys[];
}

/** Fewer keys are placed sooner than a thread has started. */
const WORTH_A_THREAD = 100_000;

/**
 * Places all keys by all layouts, on every core when there are many keys.
 *
 * @param blocks in shared memory
 * @returns in the order of `layouts`
 */
export async function placeOnThreads(
  blocks: readonly HashedKeys[],
  layouts: readonly Layout[],
  today: Layout,
): Promise<PlacedKeys[]> {
  const keys = blocks.reduce((sum, { size }) => sum + size, 0);
  const threads = Math.min(availableParallelism(), blocks.length, Math.floor(keys / WORTH_A_THREAD));
  if (threads < 2) return placeBlocks({ layouts, today, blocks });
  const sums = emptyPlaced(layouts);
  const parts = Array.from({ length: threads }, (_, t) =>
    placeOnThread({ layouts, today, blocks: blocks.filter((_block, b) => b % threads === t) }),
  );
  for (const placed of await Promise.all(parts)) addPlaced(sums, placed);
  return sums;
}

/** The same in this thread. */
export function placeBlocks({ layouts, today, blocks }: PlaceOrder): PlacedKeys[] {
  const sums = emptyPlaced(layouts);
  const compiled = compileLayouts(layouts);
  const [now] = compileLayouts([today]);
  for (const block of blocks) placeKeys(compiled, block, labelsOfKeys(now!, block), sums);
  return sums;
}

async function placeOnThread(order: PlaceOrder): Promise<PlacedKeys[]> {
  const worker = new Worker(new URL(`./place-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: order,
  });
  const [placed] = (await once(worker, "message")) as [PlacedKeys[]];
  await worker.terminate();
  return placed;
}
