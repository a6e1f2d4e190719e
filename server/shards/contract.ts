import { ConfigError } from "../config-error.ts";
import type { Period, When } from "../placement/periods.ts";

/** One message as it is stored. Ids are decimal strings on the wire and here. */
export interface MessageRow {
  readonly dialog: string;
  readonly id: string;
  readonly author: number;
  /** User id, or the group id for a group's dialog. */
  readonly recipient: number;
  readonly client: string;
  readonly text: string;
  /** Id of the connection that sent it, as log lines have it; not stored. */
  readonly connection?: string;
}

/** What the database says of its own promises, read from it and shown in every result. */
export interface Durability {
  /** True when an acknowledged commit survives a crash of the machine, as configured. */
  readonly crashSafe: boolean;
  /** Its own settings, e.g. `synchronous=FULL` or `innodb_flush_log_at_trx_commit=1 sync_binlog=1`. */
  readonly settings: string;
}

/** Rows of one run in one shard; `sum` is Σ of the first 24 bits of md5 of `dialog:author:client`. */
export interface AuditSum {
  readonly rows: number;
  readonly sum: number;
}

/** Messages of one dialog in one segment and time bucket. */
export interface DialogSum extends When {
  readonly dialog: string;
  readonly count: number;
}

/** What a shard holds. */
export interface StoredSize {
  readonly rows: number;
  /** As the database counts itself, indexes included. */
  readonly bytes: number;
}

/** What became of a batch. */
export interface Inserted {
  /**
   * By index, the rows that are not stored under their own id. `id`: stored before, under that one. `refused`: the
   * database takes every row but this one. `fenced`: this server may not write there any more, and the batch is not stored.
   */
  readonly others: ReadonlyMap<number, { readonly id: string } | "fenced" | "refused">;
  /** What the database said of one of the refused rows; no value of the row is in it. */
  readonly reason?: string;
}

/** Every row is stored under its own id. */
export const ALL_INSERTED: Inserted = { others: new Map() };

/** Takes the seconds that an operation waited until a connection to the database took it. */
export type OnWait = (seconds: number) => void;

/** A store that cannot be reached or used now; the writer answers SHARD_UNAVAILABLE and tries again later. */
export class StoreError extends Error {
  /** False when certainly nothing of the failed call was stored. */
  readonly maybeStored: boolean;
  constructor(message: string, maybeStored: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreError";
    this.maybeStored = maybeStored;
  }
}

/**
 * Whether a call failed because its shard is lost, and not by a fault of the program. A store that has to open anew for
 * a read may find its database in use, or not usable, as at a start.
 */
export function isLostShard(error: unknown): boolean {
  return error instanceof StoreError || error instanceof ConfigError;
}

/**
 * One shard. Every variant MUST behave the same; `test/server/shards/contract.test.ts` runs one suite against all on real
 * databases.
 *
 * - `insert` MUST be one transaction: all rows or none. A row whose (dialog, author, client) exists already, in the
 *   database or earlier in the same batch, MUST NOT be stored again: its answer is the id of the first. A row that the
 *   database refuses MUST NOT harm another: the rest is stored as if the row had not come, and then a batch may be
 *   several transactions, after the last of which it is answered.
 * - Text and client ids MUST come back unchanged, byte for byte, and compare binary.
 * - Methods reject with `StoreError` when the database is lost or takes no row at all (a full disk); after it returns
 *   they work again without a new `open`.
 */
export interface ShardStore {
  readonly engine: "sqlite" | "mysql";
  /** Most rows that one `insert` may hold; as many as the writer likes when absent. */
  readonly maxRows?: number;
  /** Connects, creates the schema if needed (safe when several servers do so at once), reads the durability. */
  open(): Promise<Durability>;
  insert(rows: readonly MessageRow[]): Promise<Inserted>;
  /** @returns at most `limit` messages of the dialog with ids below `before` (null: newest), ascending by id */
  history(dialog: string, before: string | null, limit: number): Promise<MessageRow[]>;
  /** @returns the id stored for (dialog, author, client), or null */
  find(dialog: string, author: number, client: string): Promise<string | null>;
  /** Sums over the messages whose client id starts with `run` + "-". */
  audit(run: string): Promise<AuditSum>;
  /** Messages of that run per dialog, segment and time bucket, in no order. @param periods of the topology */
  auditDialogs(run: string, periods: readonly Period[]): Promise<DialogSum[]>;
  /** @returns the largest id of the shard, or "0": a restarted server mints above it */
  lastId(): Promise<string>;
  /** Costs little: `rows` is not counted anew each time. */
  size(): Promise<StoredSize>;
  /** Connections to the database that are open; for SQLite its threads. */
  connections(): number;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /**
   * Gives up what is under way, because it hangs: its calls reject with `StoreError`, and later calls do not wait for
   * it. Stores that cannot hang do without.
   */
  abandon?(): void;
  close(): Promise<void>;
}
