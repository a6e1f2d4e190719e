import { hashText } from "../placement/hash.ts";

const KEY_SPACE_BUCKETS = 256;
const SEED = 0x6b65_7973;

/** `00` … `ff`, the label of each bucket. */
export const BUCKET_LABELS: readonly string[] = Array.from({ length: KEY_SPACE_BUCKETS }, (_, bucket) =>
  bucket.toString(16).padStart(2, "0"),
);

/** The first eight bits of the hash: neighbours on the key-space map have nothing else in common. */
export function bucketOf(hash: number): number {
  return hash >>> 24;
}

/** Hash of dialog ids for what is measured of them, unsigned 32 bits; no placement uses its seed. */
export function createKeyHash(): (dialog: string) => number {
  const words = new Uint32Array(4);
  return (dialog) => {
    hashText(dialog, SEED, words);
    return words[0]!;
  };
}
