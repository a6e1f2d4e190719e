/** A shard as placements see it: its zero-padded label and its share of the keys, in any unit. */
export interface WeightedShard {
  readonly label: string;
  /** > 0; shards of equal weight get equal shares. */
  readonly weight: number;
}

/** What of a row decides its shard. Only split dialogs look at `author` and `client`, only `time-bucket` at `id`. */
export interface RowKey {
  readonly dialog: string;
  /** Message id: 63 bits, milliseconds since the id epoch × 2^22 + the rest (see `message-id.ts`). */
  readonly id: bigint;
  readonly author: number;
  readonly client: string;
}

/**
 * A strategy over a fixed list of shards. Pure: no I/O, no clock, no randomness; the same arguments give the same
 * shard in every process and engine (Node and k6).
 */
export interface Placement {
  readonly name: string;
  /**
   * @param dialog dialog id
   * @param id message id; MUST be ignored unless `byTime`
   * @returns index into the shards that the placement was made with
   */
  place(dialog: string, id: bigint): number;
  /** True when the shard depends on the message id: then a dialog's messages may be on every shard. */
  readonly byTime: boolean;
  /** True when the shard depends on the dialog's number (`dialogNumber`), and nothing is hashed. */
  readonly byNumber: boolean;
  /** Milliseconds in which a dialog's messages stay together; 0 unless `byTime`. */
  readonly bucketMs: number;
  /** Seed under which the dialog is hashed; 0 unless `byTime`. */
  seed(id: bigint): number;
  /**
   * `place` of a dialog that is 64 bits already, for who hashes millions of dialogs once and asks many placements.
   *
   * @param high first 32 bits (unsigned) of the dialog's `hashText` under `seed(id)`; of its number if `byNumber`
   * @param low the next 32
   */
  placeWords(high: number, low: number): number;
}

/** Makes a placement over `shards` (at least one, weights > 0). @throws {ConfigError} on bad shards or options */
export type PlacementFactory = (
  shards: readonly WeightedShard[],
  options: Readonly<Record<string, string>>,
) => Placement;

/** Puts one dialog elsewhere than its segment's placement would. Shards are labels. */
export type Override =
  | {
      readonly dialog: string;
      readonly action: "pin";
      readonly shard: string;
      /** Weight that the shard gave up for this dialog and gets back when the pin goes, > 0; absent: none. */
      readonly relief?: number;
    }
  | { readonly dialog: string; readonly action: "split"; readonly shards: readonly string[] };

/** The placement that holds for ids from `from` up to the next segment's `from`. */
export interface Segment {
  /** Message id (decimal); the first segment's is "0". */
  readonly from: string;
  /** `slots`, `ring:virtualNodes=1`, … */
  readonly placement: string;
  readonly shards: readonly WeightedShard[];
  readonly overrides: readonly Override[];
}

/** Where messages live, over time. JSON: this is the content of a topology file. */
export interface Topology {
  readonly epoch: number;
  /** Labels of all shards that any segment names, and of those that no longer own a message and wait to be removed. */
  readonly shards: readonly string[];
  /** Ascending by `from`; at least one. */
  readonly segments: readonly Segment[];
}
