import { hash } from "node:crypto";
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { Period } from "../placement/periods.ts";
import type { HistoryPart, MessageRow, StoredSize } from "./contract.ts";
import { readMark } from "./sqlite-fence.ts";
import { FIND } from "./sqlite-insert.ts";
import { primary, UNSURE, type SqliteReply } from "./sqlite-reply.ts";
import { answerScan, defineDigest, MESSAGE_COLUMNS, type SqliteScan } from "./sqlite-scan.ts";
import { whenSql } from "./when-sql.ts";

/** What the store asks of a thread that reads: the method and its arguments. */
export type SqliteRead =
  | ["history", dialog: string, before: string | null, limit: number, node: number]
  | ["find", dialog: string, author: number, client: string]
  | ["audit", run: string]
  | ["auditDialogs", run: string, periods: readonly Period[]]
  | ["rows"]
  | ["size"]
  | SqliteScan;

/** What `size` answers. */
export interface SqliteSize extends StoredSize {
  /** Rows may have been removed: `rows` is the most there may be. */
  readonly hasHoles: boolean;
}

/** Whose shard it must be, and what is read there. */
export interface SqliteReadRequest {
  readonly cluster: string | null;
  readonly read: SqliteRead;
}

interface Reader {
  readonly db: DatabaseSync;
  readonly cluster: string | null;
  /** Which file was opened: its name may come to mean another. */
  readonly inode: number;
  readonly statements: Map<string, StatementSync>;
}

// Node 22.13 takes `?1` for a name and cannot bind it: what is used twice is given twice.
const SQL = {
  history: `SELECT ${MESSAGE_COLUMNS} FROM message WHERE dialog = ? AND id < CAST(? AS INTEGER) ORDER BY message.id DESC LIMIT ?`,
  newest: `SELECT ${MESSAGE_COLUMNS} FROM message WHERE dialog = ? ORDER BY message.id DESC LIMIT ?`,
  state: `SELECT epoch, (SELECT CAST(MIN(floor) AS TEXT) FROM hotshard_fence WHERE node <> ?) AS floor
    FROM hotshard_shard WHERE id = 1`,
  audit: `SELECT COUNT(*) AS "rows", COALESCE(SUM(md5_24(dialog, id_author, client_id)), 0) AS sum FROM message
    WHERE substr(client_id, 1, length(?)) = ?`,
  // Row ids count up and only a mover removes rows: until one comes, their ends tell the number without a scan.
  ends: `SELECT COALESCE((SELECT MAX(rowid) FROM message) - (SELECT MIN(rowid) FROM message) + 1, 0) AS n,
    mover > 0 AS moved FROM hotshard_shard WHERE id = 1`,
  rows: "SELECT COUNT(*) AS n FROM message",
  bytes: `SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size`,
} as const;

const { file } = workerData as { file: string };
let reader: Reader | null = null;

parentPort!.on("message", ({ cluster, read }: SqliteReadRequest) => {
  let reply: SqliteReply;
  try {
    reply = { value: answer(read, connection(cluster)) };
  } catch (error) {
    const result = primary(error);
    if (result !== null && UNSURE.has(result)) close();
    reply = {
      failed: { kind: "store", code: String(result), message: (error as Error).message, maybeStored: false },
    };
  }
  parentPort!.postMessage(reply);
});

function answer(request: SqliteRead, { db, statements }: Reader): unknown {
  const run = (sql: string): StatementSync => {
    const made = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
  switch (request[0]) {
    case "history": {
      const [, dialog, before, limit, node] = request;
      return atOneMoment(db, (): HistoryPart => {
        const { epoch, floor } = run(SQL.state).get(node)!;
        const rows = before === null ? run(SQL.newest).all(dialog, limit) : run(SQL.history).all(dialog, before, limit);
        return { rows: rows.reverse() as unknown as MessageRow[], epoch: Number(epoch), floor: floor as string | null };
      });
    }
    case "find":
      return run(FIND).get(request[1], request[2], request[3])?.["id"] ?? null;
    case "audit":
      return run(SQL.audit).get(`${request[1]}-`, `${request[1]}-`);
    case "auditDialogs":
      return auditDialogs(db, request[1], request[2]);
    case "rows":
      return Number(run(SQL.rows).get()!["n"]);
    case "size": {
      const ends = run(SQL.ends).get();
      const bytes = Number(run(SQL.bytes).get()!["n"]);
      return { rows: Number(ends?.["n"]), bytes, hasHoles: ends?.["moved"] === 1 } satisfies SqliteSize;
    }
    default:
      return atOneMoment(db, () => answerScan(request, run));
  }
}

/** What is committed meanwhile is not seen. */
function atOneMoment<T>(db: DatabaseSync, read: () => T): T {
  db.exec("BEGIN");
  try {
    return read();
  } finally {
    db.exec("COMMIT");
  }
}

/** The connection to the file that has the name now: the writer may have had to make a new one. */
function connection(cluster: string | null): Reader {
  const isOther = reader !== null && statSync(file, { throwIfNoEntry: false })?.ino !== reader.inode;
  // Opened before the shard was given its identity.
  if (isOther || reader?.cluster !== cluster) close();
  reader ??= open();
  if (reader.cluster === cluster) return reader;
  throw new Error(`it belongs to ${reader.cluster ?? "nobody"}, and not to ${cluster ?? "nobody"} as before`);
}

function open(): Reader {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 5000");
    db.function("md5_24", { deterministic: true }, (dialog, author, client) =>
      Number.parseInt(hash("md5", `${String(dialog)}:${String(author)}:${String(client)}`).slice(0, 6), 16),
    );
    defineDigest(db);
    return { db, cluster: readMark(db).cluster, inode: statSync(file).ino, statements: new Map() };
  } catch (error) {
    db.close();
    throw error;
  }
}

function close(): void {
  reader?.db.close();
  reader = null;
}

function auditDialogs(db: DatabaseSync, run: string, periods: readonly Period[]): unknown[] {
  const { segment, bucket } = whenSql(periods, "/");
  const sql = `SELECT dialog, ${segment} AS segment, ${bucket} AS bucket, COUNT(*) AS count FROM message
    WHERE substr(client_id, 1, length(?)) = ? GROUP BY 1, 2, 3`;
  return db.prepare(sql).all(`${run}-`, `${run}-`);
}
