import { hashBytes } from "../../server/placement/hash.ts";
import { ID_EPOCH_MS } from "../../server/placement/message-id.ts";
import { createKeyTable, type KeyTable } from "./key-table.ts";

/** Messages per pair of key and time bucket: what a placement by time throws, as it hashes them. */
export interface Pairs {
  /** Milliseconds of a bucket. */
  readonly bucketMs: number;
  /** The pairs as keys of their own; null when there were too many. */
  table(): KeyTable | null;
  /** @returns the first 32 bits of the pair's hash */
  add(key: string, index: number, count: number, timeMs: number): number;
  /** Calls back for every pair. @param each index of its key in the table of keys, its bucket, its messages */
  forEach(each: (index: number, bucket: number, count: number) => void): void;
}

/** More would need over half a gigabyte beside the keys. */
const MOST_PAIRS = 8_000_000;

/** @param most pairs that are kept; with more there is no table */
export function createPairs(bucketMs: number, most = MOST_PAIRS): Pairs {
  let table: KeyTable | null = createKeyTable();
  let owners = new Uint32Array(1 << 12);
  let buckets = new Int32Array(1 << 12);
  const words = new Uint32Array(4);

  function remember(pair: number, index: number, bucket: number): void {
    if (pair === owners.length) {
      const [moreOwners, moreBuckets] = [new Uint32Array(2 * pair), new Int32Array(2 * pair)];
      moreOwners.set(owners);
      moreBuckets.set(buckets);
      [owners, buckets] = [moreOwners, moreBuckets];
    }
    owners[pair] = index;
    buckets[pair] = bucket;
  }

  return {
    bucketMs,
    table: () => table,
    add(key, index, count, timeMs) {
      const bucket = Math.floor((timeMs - ID_EPOCH_MS) / bucketMs);
      hashBytes(key, bucket, words);
      if (table === null) return words[0]!;
      const pair = table.indexOf(words[0]!, words[1]!);
      if (table.isNew()) {
        table.setTimed(pair, words[0]!);
        remember(pair, index, bucket);
      }
      table.add(pair, count);
      if (table.size() > most) table = null;
      return words[0]!;
    },
    forEach(each) {
      const size = table?.size() ?? 0;
      for (let pair = 0; pair < size; pair += 1) each(owners[pair]!, buckets[pair]!, table!.count(pair));
    },
  };
}
