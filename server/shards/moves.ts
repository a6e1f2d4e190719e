import type { MessageRow } from "./contract.ts";

/** Which message: its primary key. */
export type MessageKey = Pick<MessageRow, "dialog" | "id">;

/** What a resend has in common with its first try. */
export type ClientKey = Pick<MessageRow, "dialog" | "author" | "client">;

/** Decimal ids: those `from` and above (absent: all), and below `below`. */
export interface IdRange {
  readonly from?: string;
  readonly below: string;
}

/**
 * Rows that are stored of those that were asked for; `sum`, in any order of them, is Σ of the first 48 bits of md5 of
 * `dialog:id:author:recipient:bytes of client in UTF-8:client:text`.
 */
export interface Digest {
  readonly rows: number;
  readonly sum: bigint;
}

/**
 * What became of rows that were copied. `stored`: all of them, and so many were not there before. `fenced`: none; the
 * shard has another mover's token. `clash`: none; another message is in the way of `row`, `stored` being the id under
 * which the shard has this one, or null.
 */
export type Copied =
  | { readonly outcome: "stored"; readonly rows: number }
  | { readonly outcome: "fenced" }
  | { readonly outcome: "clash"; readonly row: MessageKey; readonly stored: string | null };

/** Most rows or keys that a call of `copy`, `digest`, `remove` or `ids` takes. */
export const MOVED_ROWS = 1_000;

/**
 * The part of the store contract that moves rows between shards.
 *
 * `copy` and `remove` MUST be one transaction each that holds the mover's token from before its first row until its
 * commit: they go through only while the shard has that very token, and a `take` waits for those before it.
 */
export interface ShardMoves {
  /**
   * Raises the token of who may move rows of this shard; lowers it never.
   *
   * @returns the shard's token then: a larger one when a later mover came
   */
  take(token: number): Promise<number>;
  /**
   * Reads at most `limit` messages in the order of (dialog, id), dialogs compared by their bytes.
   *
   * @param after the last key of the page before; null: from the start
   */
  scan(after: MessageKey | null, range: IdRange, limit: number): Promise<readonly MessageRow[]>;
  /**
   * Stores rows of another shard, under whatever id: no fence of ids holds them up. One that is there already under the
   * same id stays as it is.
   *
   * @param rows at least one; their texts and client ids 8 MB at most
   */
  copy(rows: readonly MessageRow[], token: number): Promise<Copied>;
  /** @param keys at least one, and no two alike */
  digest(keys: readonly MessageKey[]): Promise<Digest>;
  /** @param keys at least one @returns the number of rows that were removed */
  remove(keys: readonly MessageKey[], token: number): Promise<number | "fenced">;
  /** @param keys at least one @returns for each, in order, the id stored for it, or null */
  ids(keys: readonly ClientKey[]): Promise<(string | null)[]>;
}
