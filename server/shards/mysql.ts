import type { ResultSetHeader, RowDataPacket } from "mysql2";
import { ALL_INSERTED, StoreError } from "./contract.ts";
import type { Durability, Inserted, MessageRow, OnWait, ShardStore } from "./contract.ts";
import { mysqlLink } from "./mysql-link.ts";
import type { MysqlLink, MysqlValue } from "./mysql-link.ts";
import { prepareSchema, SESSION } from "./mysql-schema.ts";
import { createRowCount } from "./row-count.ts";
import type { MysqlSpec } from "./url.ts";
import { whenSql } from "./when-sql.ts";

const READ_MS = 10_000;
/** Audits read whole tables. */
const AUDIT_MS = 120_000;
/** ER_LOCK_DEADLOCK: two servers wrote the same keys and this one was rolled back. */
const DEADLOCK = 1213;
const DEADLOCK_TRIES = 5;
/** ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_CHECK_CONSTRAINT_VIOLATED. */
const ROW_ERRORS: ReadonlySet<number> = new Set([1366, 3819]);

const COLUMNS = "dialog, CAST(id AS CHAR) AS id, id_author, id_recipient, client_id, text";

/**
 * A shard in a MySQL 8.4 or MariaDB 10.11 database, or one that speaks their protocol. A commit is one statement and one
 * round trip: a prepared multi-row insert under autocommit. Reads have a connection of their own, so that history does
 * not wait behind commits.
 */
export function createMysqlStore(spec: MysqlSpec, { onWait }: { onWait?: OnWait | undefined } = {}): ShardStore {
  const writes = mysqlLink(spec, SESSION, {}, onWait);
  const reads = mysqlLink(spec, SESSION, {}, onWait);
  const audits = mysqlLink(spec, SESSION, {}, onWait);

  const rowCount = createRowCount(
    async () => {
      const [counted] = await audits.query<RowDataPacket[]>("SELECT COUNT(*) AS n FROM message", [], AUDIT_MS);
      return Number(counted!["n"]);
    },
    () => performance.now(),
  );

  return {
    engine: "mysql",
    async open() {
      await prepareSchema(spec, writes);
      return durability(writes);
    },
    async insert(rows) {
      const inserted = await insert(writes, rows);
      rowCount.add(rows.length - inserted.others.size);
      return inserted;
    },
    async history(dialog, before, limit) {
      // The driver sends a bigint as LIMIT takes it: prepared as a string, in a text without quotes. Its number is a double.
      const below = before === null ? "" : "AND id < CAST(? AS UNSIGNED)";
      const values = before === null ? [dialog, BigInt(limit)] : [dialog, before, BigInt(limit)];
      const sql = `SELECT ${COLUMNS} FROM message WHERE dialog = ? ${below} ORDER BY message.id DESC LIMIT ?`;
      const rows = await reads.execute<RowDataPacket[]>(sql, values, READ_MS);
      return rows.map(messageRow).reverse();
    },
    async find(dialog, author, client) {
      const sql = `SELECT CAST(id AS CHAR) AS id FROM message WHERE dialog = ? AND id_author = ? AND client_id = ?`;
      const [row] = await reads.execute<RowDataPacket[]>(sql, [dialog, String(author), client], READ_MS);
      return row === undefined ? null : String(row["id"]);
    },
    async audit(run) {
      const key = "MD5(CONCAT_WS(':', dialog, id_author, client_id))";
      const sql = `SELECT COUNT(*) AS n, COALESCE(SUM(CONV(LEFT(${key}, 6), 16, 10)), 0) AS total FROM message
        WHERE LEFT(client_id, CHAR_LENGTH(?)) = ?`;
      const [row] = await audits.execute<RowDataPacket[]>(sql, [`${run}-`, `${run}-`], AUDIT_MS);
      return { rows: Number(row!["n"]), sum: Number(row!["total"]) };
    },
    async auditDialogs(run, periods) {
      const { segment, bucket } = whenSql(periods, "DIV");
      const sql = `SELECT dialog, ${segment} AS segment, ${bucket} AS bucket, COUNT(*) AS n FROM message
        WHERE LEFT(client_id, CHAR_LENGTH(?)) = ? GROUP BY 1, 2, 3`;
      const rows = await audits.execute<RowDataPacket[]>(sql, [`${run}-`, `${run}-`], AUDIT_MS);
      return rows.map((row) => ({
        dialog: String(row["dialog"]),
        segment: Number(row["segment"]),
        bucket: Number(row["bucket"]),
        count: Number(row["n"]),
      }));
    },
    async lastId() {
      // Grouped, the primary key answers with one look per dialog instead of one per message.
      const sql =
        "SELECT CAST(COALESCE(MAX(top), 0) AS CHAR) AS id FROM (SELECT MAX(id) AS top FROM message GROUP BY dialog) AS tops";
      const [row] = await audits.execute<RowDataPacket[]>(sql, [], AUDIT_MS);
      return String(row!["id"]);
    },
    async size() {
      const rows = await rowCount.read();
      const sql = `SELECT COALESCE(SUM(data_length + index_length), 0) AS n,
        COALESCE(SUM(IF(table_name = 'message', table_rows, 0)), 0) AS estimate
        FROM information_schema.tables WHERE table_schema = DATABASE()`;
      const [sized] = await audits.query<RowDataPacket[]>(sql, [], AUDIT_MS);
      return { rows: rows ?? Number(sized!["estimate"]), bytes: Number(sized!["n"]) };
    },
    connections: () => [writes, reads, audits].filter((link) => link.isOpen()).length,
    async ping() {
      await writes.query("DO 1", [], READ_MS);
    },
    abandon() {
      for (const link of [writes, reads, audits]) link.drop("given up after it hung");
    },
    async close() {
      for (const link of [writes, reads, audits]) link.drop("closed");
    },
  };
}

function messageRow(row: RowDataPacket): MessageRow {
  return {
    dialog: String(row["dialog"]),
    id: String(row["id"]),
    author: Number(row["id_author"]),
    recipient: Number(row["id_recipient"]),
    client: String(row["client_id"]),
    text: String(row["text"]),
  };
}

async function insertWhole(link: MysqlLink, rows: readonly MessageRow[]): Promise<Inserted> {
  const size = statementRows(rows.length);
  const values: MysqlValue[] = [];
  for (let at = 0; at < size; at++) {
    const row = rows[Math.min(at, rows.length - 1)]!;
    values.push(row.dialog, row.id, row.author, row.recipient, row.client, row.text);
  }
  const { affectedRows } = await retried(() => link.execute<ResultSetHeader>(insertSql(size), values));
  return affectedRows === rows.length ? ALL_INSERTED : storedIds(link, rows);
}

/**
 * A statement in which one row is refused stores none. Its halves are tried in turn, each a transaction of its own: one
 * that lasted over many round trips could end between them and be gone unseen.
 */
async function insert(link: MysqlLink, rows: readonly MessageRow[]): Promise<Inserted> {
  try {
    return await insertWhole(link, rows);
  } catch (error) {
    if (!refusesRow(error)) throw error;
    if (rows.length === 1) return { others: new Map([[0, "refused"]]), reason: (error as StoreError).message };
  }
  const middle = rows.length >> 1;
  const first = await insert(link, rows.slice(0, middle));
  let second: Inserted;
  try {
    second = await insert(link, rows.slice(middle));
  } catch (error) {
    // The first half may be stored already.
    throw error instanceof StoreError ? new StoreError(error.message, true, error.cause) : error;
  }
  const others = new Map(first.others);
  for (const [index, other] of second.others) others.set(index + middle, other);
  const reason = first.reason ?? second.reason;
  return reason === undefined ? { others } : { others, reason };
}

/** By SQLSTATE class: data exceptions, integrity constraints, what a trigger signals; and two that MySQL calls general. */
function refusesRow(error: unknown): boolean {
  if (!(error instanceof StoreError) || error.maybeStored) return false;
  const { errno, sqlState } = (error.cause ?? {}) as { errno?: number; sqlState?: string };
  return /^(?:22|23|45)/u.test(sqlState ?? "") || ROW_ERRORS.has(errno ?? 0);
}

/**
 * Rows of the statement for so many rows. MariaDB keeps 3.4 KB for each row of a prepared statement: all sizes up to 128
 * would take 28 MB a connection. So sizes above 32 are rounded up to eights, and the last row is sent again to fill up:
 * it is a duplicate of itself and changes nothing.
 */
function statementRows(rows: number): number {
  return rows <= 32 ? rows : Math.ceil(rows / 8) * 8;
}

async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      const errno = error instanceof StoreError ? (error.cause as { errno?: number } | undefined)?.errno : undefined;
      if (errno !== DEADLOCK || tries === DEADLOCK_TRIES) throw error;
    }
  }
}

const INSERTS: string[] = [];

/**
 * A row that was stored before is left as it is (0 affected rows); any other collision, on the message id, sets it to
 * NULL, which is an error and undoes the whole statement. INSERT IGNORE would hide that and worse.
 */
function insertSql(rows: number): string {
  return (INSERTS[rows] ??= `INSERT INTO message (dialog, id, id_author, id_recipient, client_id, text) VALUES ${Array(
    rows,
  )
    .fill("(?,?,?,?,?,?)")
    .join(
      ",",
    )} ON DUPLICATE KEY UPDATE id = IF(message.id_author = VALUES(id_author) AND message.client_id = VALUES(client_id), message.id, NULL)`);
}

/** Looks up what is stored for rows of which some were stored before. Rare, so by the text protocol. */
async function storedIds(link: MysqlLink, rows: readonly MessageRow[]): Promise<Inserted> {
  const one = "(dialog = ? AND id_author = ? AND client_id = ?)";
  const sql = `SELECT dialog, CAST(id AS CHAR) AS id, id_author, client_id FROM message WHERE ${rows.map(() => one).join(" OR ")}`;
  const keys = rows.flatMap((row): MysqlValue[] => [row.dialog, row.author, row.client]);
  const found = await link.query<RowDataPacket[]>(sql, keys);
  const ids = new Map(
    found.map((row) => [
      keyOf(String(row["dialog"]), String(row["id_author"]), String(row["client_id"])),
      String(row["id"]),
    ]),
  );
  const others = new Map<number, { id: string }>();
  for (const [index, row] of rows.entries()) {
    const id = ids.get(keyOf(row.dialog, String(row.author), row.client));
    if (id === undefined) throw new StoreError(`a message of ${row.dialog} vanished while it was stored`, true);
    if (id !== row.id) others.set(index, { id });
  }
  return { others };
}

function keyOf(dialog: string, author: string, client: string): string {
  return JSON.stringify([dialog, author, client]);
}

async function durability(link: MysqlLink): Promise<Durability> {
  const names = "'innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin'";
  const rows = await link.query<RowDataPacket[]>(`SHOW VARIABLES WHERE Variable_name IN (${names})`, [], READ_MS);
  const value = new Map(rows.map((row) => [String(row["Variable_name"]), String(row["Value"])]));
  const flush = value.get("innodb_flush_log_at_trx_commit") ?? "unknown";
  const binlog = value.get("log_bin") ?? "OFF";
  const sync = value.get("sync_binlog") ?? "unknown";
  // With a binary log, recovery drops what the log lost, however well InnoDB kept it.
  const crashSafe = (flush === "1" || flush === "3") && (binlog !== "ON" || sync === "1");
  return { crashSafe, settings: `innodb_flush_log_at_trx_commit=${flush} log_bin=${binlog} sync_binlog=${sync}` };
}
