import { ConfigError } from "../config-error.ts";
import { compareIds } from "../placement/message-id.ts";
import type { Period, When } from "../placement/periods.ts";
import type { ShardMoves } from "./moves.ts";

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
   * database takes every row but this one. `fenced`: this server may not write there any more, and the batch is not
   * stored.
   */
  readonly others: ReadonlyMap<number, { readonly id: string } | "fenced" | "refused">;
  /** What the database said of one of the refused rows; no value of the row is in it. */
  readonly reason?: string;
}

/** No row is stored: this server may not write there. */
export function allFenced(rows: number): Inserted {
  return { others: new Map(Array.from({ length: rows }, (_, index) => [index, "fenced"])) };
}

/** The smallest id of a batch, which has one at least: what a fence is held against. */
export function smallestId(rows: readonly MessageRow[]): string {
  let smallest = rows[0]!.id;
  for (const { id } of rows) if (compareIds(id, smallest) < 0) smallest = id;
  return smallest;
}

/** Every row is stored under its own id. */
export const ALL_INSERTED: Inserted = { others: new Map() };

/** Who writes, and under which epoch of the topology. */
export interface Fence {
  /** 0 to 1,023, as in message ids. */
  readonly node: number;
  /** Grows with each start of that node. */
  readonly incarnation: number;
  readonly epoch: number;
}

/** What a shard says of itself. */
export interface ShardMark {
  /** Of which cluster it is a part; null while it belongs to nobody. */
  readonly cluster: string | null;
  /** The newest epoch that sealed it; 0 before the first. */
  readonly epoch: number;
  /** Ids below this one are written no more. */
  readonly closedBelow: string;
}

/** What a shard knows of one node that may write there. */
export interface FenceRow extends Fence {
  readonly closedBelow: string;
  /** No id below it is in flight from that node. */
  readonly floor: string;
  /** Milliseconds since that node last said so, by the database's clock. */
  readonly silentMs: number;
}

/** One new connection to the database, before anything else uses it. */
export interface StoreSession {
  /** As it was when the connection was made. */
  readonly mark: ShardMark;
  /**
   * Gives a shard that belongs to nobody the identity of a cluster; several may do so at once, and one that has an
   * identity keeps it. If it holds messages, `closedBelow` is raised above the largest of their ids in the same step: a
   * scan, once in a shard's life.
   *
   * @returns the mark as it is then
   */
  claim(cluster: string): Promise<ShardMark>;
  /** Whether it holds messages. */
  holdsRows(): Promise<boolean>;
  seal: ShardStore["seal"];
  admit: ShardStore["admit"];
  fences: ShardStore["fences"];
}

/** Judges and prepares a new connection. When it rejects, the connection is not used. */
export type OnConnect = (session: StoreSession) => Promise<void>;

/** The newest messages of a dialog in one shard, and how far they can be trusted; all of one moment. */
export interface HistoryPart {
  /** Ascending by id. */
  readonly rows: readonly MessageRow[];
  /** Of the shard: a reader that knows an older topology asks for the newer one and reads again. */
  readonly epoch: number;
  /** No id below it is in flight there from a node other than the reader's; null when no other has been admitted. */
  readonly floor: string | null;
}

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
 * One shard. Every variant MUST behave the same; `test/server/shards/contract.test.ts` runs one suite against all on
 * real databases.
 *
 * - `insert` MUST be one transaction: all rows or none. A row whose (dialog, author, client) exists already, in the
 *   database or earlier in the same batch, MUST NOT be stored again: its answer is the id of the first. A row that the
 *   database refuses MUST NOT harm another: the rest is stored as if the row had not come, and then a batch may be
 *   several transactions, after the last of which it is answered.
 * - A transaction MUST hold the fence from before its first row until its commit: it goes through only while the node
 *   has a row there with the same incarnation and the same epoch, closed below at most the smallest of its ids. Else it
 *   stores nothing and all of its rows are `fenced`. A `seal` waits for the transactions before it, and none after it
 *   sees the state before it.
 * - `onConnect` MUST see every connection before it is used, also those for reads and those made again after a loss.
 * - Text and client ids MUST come back unchanged, byte for byte, and compare binary.
 * - Methods reject with `StoreError` when the database is lost, when it takes no row at all (a full disk), or when
 *   `onConnect` refused the connection (a `ConfigError` of it stays one); after it returns they work again without a
 *   new `open`.
 */
export interface ShardStore extends ShardMoves {
  readonly engine: "sqlite" | "mysql";
  /** Most rows that one `insert` may hold; as many as the writer likes when absent. */
  readonly maxRows?: number;
  /** Connects, creates the tables if needed (safe when several servers do so at once), reads the durability. */
  open(onConnect: OnConnect): Promise<Durability>;
  /** @param rows at least one */
  insert(rows: readonly MessageRow[], fence: Fence): Promise<Inserted>;
  /** Raises epoch and `closedBelow` of the shard and of every node's row, in one transaction; lowers neither. */
  seal(epoch: number, closedBelow: bigint): Promise<void>;
  /**
   * Lets a node write: makes its row, or raises its incarnation. The epoch is the shard's, and so is `closedBelow`
   * unless `from` is above it: what the node minted earlier, and may still send, would be below the floor that it
   * tells.
   *
   * @param from this incarnation mints no smaller id: its first floor
   * @throws {StoreError} when a later incarnation has been admitted, or the shard is not sealed up to the fence's epoch
   *   yet
   */
  admit(fence: Fence, from: bigint): Promise<void>;
  /** Says that the node is there, and raises its floor; never lowers it. Nothing happens when it has no row. */
  beat(fence: Fence, floor: bigint): Promise<void>;
  /** Takes the node's row away, if it is of that incarnation yet: what it has under way is fenced from then on. */
  retire(node: number, incarnation: number): Promise<void>;
  /** @returns the rows of all nodes, by node */
  fences(): Promise<readonly FenceRow[]>;
  /**
   * Reads at most `limit` messages of the dialog with ids below `before` (null: the newest).
   *
   * @param node the reader's own, whose floor it knows better
   */
  history(dialog: string, before: string | null, limit: number, node: number): Promise<HistoryPart>;
  /** @returns the id stored for (dialog, author, client), or null */
  find(dialog: string, author: number, client: string): Promise<string | null>;
  /** Sums over the messages whose client id starts with `run` + "-". */
  audit(run: string): Promise<AuditSum>;
  /** Messages of that run per dialog, segment and time bucket, in no order. @param periods of the topology */
  auditDialogs(run: string, periods: readonly Period[]): Promise<DialogSum[]>;
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
