import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { Durability, ShardMark } from "./contract.ts";
import { createFenceTables, inTransaction, NotAdmitted, sqliteFences, type SqliteFences } from "./sqlite-fence.ts";
import { sqliteInsert, type SqliteFence, type SqliteInsert } from "./sqlite-insert.ts";
import { sqliteMoves, type SqliteMoves } from "./sqlite-moves.ts";
import { NOT_OPEN, primary, UNSURE, type SqliteReply } from "./sqlite-reply.ts";

/**
 * What the store asks of the thread that writes: the method and its arguments. Rows and keys are flat: six values a row,
 * two a key.
 */
export type SqliteRequest =
  | ["open"]
  | ["insert", fence: SqliteFence, rows: readonly (string | number)[]]
  | ["take", token: number]
  | ["copy", token: number, rows: readonly (string | number)[]]
  | ["remove", token: number, keys: readonly string[]]
  | ["claim", cluster: string]
  | ["holdsRows"]
  | ["seal", epoch: number, closedBelow: string]
  | ["admit", node: number, incarnation: number, epoch: number, from: string]
  | ["beat", node: number, incarnation: number, floor: string]
  | ["retire", node: number, incarnation: number]
  | ["fences"]
  | ["ping"]
  | ["close"];

/** What `open` answers. */
export interface SqliteOpened {
  readonly mark: ShardMark;
  readonly durability: Durability;
}

interface Shard {
  readonly db: DatabaseSync;
  /** Which file was opened: its name may come to mean another, or none. */
  readonly inode: number;
  readonly lock: DatabaseSync;
  readonly fences: SqliteFences;
  readonly insert: SqliteInsert;
  readonly moves: SqliteMoves;
}

const BUSY = 5;
/** PERM, READONLY, CANTOPEN, NOTADB. */
const NO_DATABASE: ReadonlySet<number> = new Set([3, 8, 14, 26]);
const IN_USE = "another process has this shard open; stop that server or give this one other files";

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

class Vanished extends Error {}

class NotOpen extends Error {}

const SCHEMA = `CREATE TABLE IF NOT EXISTS message (
  dialog TEXT NOT NULL,
  id INTEGER NOT NULL,
  id_author INTEGER NOT NULL,
  id_recipient INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (dialog, id),
  UNIQUE (dialog, id_author, client_id)
)`;

const { file, maxPages } = workerData as { file: string; maxPages: number | null };
let shard: Shard | null = null;

parentPort!.on("message", (request: SqliteRequest) => {
  let reply: SqliteReply;
  try {
    reply = { value: handle(request) };
  } catch (error) {
    reply = { failed: failure(error) };
  }
  parentPort!.postMessage(reply);
});

function handle(request: SqliteRequest): unknown {
  if (request[0] === "close") {
    close();
    return null;
  }
  if (request[0] === "open") {
    shard ??= open();
    return { mark: shard.fences.mark(), durability: durability(shard.db) } satisfies SqliteOpened;
  }
  // Nothing else opens it: who asks looks at each new connection first.
  if (shard === null) throw new NotOpen("it is not open");
  const { fences, insert, inode, moves } = shard;
  switch (request[0]) {
    case "insert":
      return intoFile(inode, insert(request[1], request[2]));
    case "take":
      return moves.take(request[1]);
    case "copy":
      return intoFile(inode, moves.copy(request[1], request[2]));
    case "remove":
      return moves.remove(request[1], request[2]);
    case "claim":
      return fences.claim(request[1]);
    case "holdsRows":
      return fences.holdsRows();
    case "seal":
      return fences.seal(request[1], request[2]);
    case "admit":
      return fences.admit(request[1], request[2], request[3], request[4]);
    case "beat":
      return fences.beat(request[1], request[2], request[3]);
    case "retire":
      return fences.retire(request[1], request[2]);
    case "fences":
      return fences.fences();
    case "ping":
      return shard.db.prepare("SELECT COUNT(*) FROM sqlite_schema").get();
    default:
      return unknownRequest(request);
  }
}

/** SQLite goes on writing into a file that somebody removed, and nobody would ever find what it acknowledged. */
function intoFile<T>(inode: number, stored: T): T {
  if (statSync(file, { throwIfNoEntry: false })?.ino === inode) return stored;
  throw new Vanished("its file was removed or replaced");
}

function unknownRequest(request: never): never {
  throw new Error(`unknown request ${String(request)}`);
}

function open(): Shard {
  makeFolder(dirname(file));
  const lock = takeLock();
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file);
    db.exec(
      "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192",
    );
    if (maxPages !== null) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    const made = db;
    // One transaction: each would cost a new file a disk write of its own.
    inTransaction(made, () => {
      made.exec(SCHEMA);
      createFenceTables(made);
    });
    const fences = sqliteFences(db);
    const inode = statSync(file).ino;
    return { db, inode, lock, fences, insert: sqliteInsert(db, fences), moves: sqliteMoves(db) };
  } catch (error) {
    db?.close();
    lock.close();
    throw error;
  }
}

/** Not by mkdir's `recursive`, which never ends where no folder can be made, as below /proc (Node 22 to 26). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another shard of this folder was first.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** An exclusive transaction on a file beside the shard's: the system ends it with the process, however that dies. */
function takeLock(): DatabaseSync {
  const lock = new DatabaseSync(`${file}.lock`);
  try {
    // Of two that come at the same moment one must get it. Without patience each finds the other on its way: both lose.
    lock.exec("PRAGMA busy_timeout = 250");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (primary(error) === BUSY) throw new Refusal("SHARD_IN_USE", IN_USE);
    throw error;
  }
}

function close(): void {
  shard?.db.close();
  shard?.lock.close();
  shard = null;
}

function failure(error: unknown): NonNullable<SqliteReply["failed"]> {
  const message = (error as Error).message;
  if (error instanceof Refusal) return { kind: "config", code: error.code, message, maybeStored: false };
  if (error instanceof Vanished) {
    close();
    return { kind: "store", code: "VANISHED", message, maybeStored: true };
  }
  if (error instanceof NotOpen) return { kind: "store", code: NOT_OPEN, message, maybeStored: false };
  if (error instanceof NotAdmitted) return { kind: "store", code: "NOT_ADMITTED", message, maybeStored: false };
  const result = primary(error);
  // A directory that cannot be made, a file that is no database: waiting mends none of them.
  const unusable = shard === null && (result === null || NO_DATABASE.has(result));
  if (unusable) return { kind: "config", code: "SHARD_UNUSABLE", message, maybeStored: false };
  const unsure = result !== null && UNSURE.has(result);
  if (unsure) close();
  return { kind: "store", code: String(result), message, maybeStored: unsure };
}

function durability(db: DatabaseSync): Durability {
  const synchronous = Number(db.prepare("PRAGMA synchronous").get()!["synchronous"]);
  const mode = String(db.prepare("PRAGMA journal_mode").get()!["journal_mode"]);
  const level = ["OFF", "NORMAL", "FULL", "EXTRA"][synchronous] ?? String(synchronous);
  return { crashSafe: synchronous >= 2, settings: `journal_mode=${mode} synchronous=${level}` };
}
