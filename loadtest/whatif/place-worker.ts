import { parentPort, workerData } from "node:worker_threads";
import {
  compileLayouts,
  emptyPlaced,
  labelsOfKeys,
  placeKeys,
  type HashedKeys,
  type Layout,
} from "../analysis/skew/place-keys.ts";

/** What a thread is to place. */
export interface PlaceOrder {
  readonly layouts: readonly Layout[];
  readonly today: Layout;
  readonly blocks: readonly HashedKeys[];
}

const { layouts, today, blocks } = workerData as PlaceOrder;
const compiled = compileLayouts(layouts);
const [now] = compileLayouts([today]);
const sums = emptyPlaced(layouts);
for (const keys of blocks) placeKeys(compiled, keys, labelsOfKeys(now!, keys), sums);
parentPort?.postMessage(sums);
