import { hashText } from "../placement/hash.ts";

/** Hash of dialog ids for what is measured of them; no placement uses this seed. */
export interface KeySpace {
  /** @returns unsigned 32 bits */
  hash(dialog: string): number;
}

export const KEY_SPACE_BUCKETS = 256;
const SEED = 0x6b65_7973;

/** `00` … `ff`, the label of each bucket. */
export const BUCKET_LABELS: readonly string[] = Array.from({ length: KEY_SPACE_BUCKETS }, (_, bucket) =>
  bucket.toString(16).padStart(2, "0"),
);

/** The first eight bits of the hash: neighbours on the key-space map have nothing else in common. */
export function bucketOf(hash: number): number {
  return hash >>> 24;
}

export function createKeySpace(): KeySpace {
  const words = new Uint32Array(4);
  return {
    hash(dialog) {
      hashText(dialog, SEED, words);
      return words[0]!;
    },
  };
}
