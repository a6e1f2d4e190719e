import type { RowDataPacket } from "mysql2";
import { StoreError } from "./contract.ts";
import type { Durability, HistoryPart, OnConnect, OnWait, ShardStore } from "./contract.ts";
import { mysqlFences } from "./mysql-fence.ts";
import { insertRows } from "./mysql-insert.ts";
import { mysqlLink } from "./mysql-link.ts";
import type { MysqlCommands, MysqlLink } from "./mysql-link.ts";
import { mysqlMoves } from "./mysql-moves.ts";
import { messageRow, MESSAGE_COLUMNS } from "./mysql-row.ts";
import { prepareSchema, SESSION } from "./mysql-schema.ts";
import { createRowCount } from "./row-count.ts";
import type { MysqlSpec } from "./url.ts";
import { whenSql } from "./when-sql.ts";

const READ_MS = 10_000;
/** Audits read whole tables. */
const AUDIT_MS = 120_000;

const NOT_OPENED: OnConnect = () => Promise.reject(new StoreError("it has not been opened", false));

/**
 * A shard in a MySQL 8.4 or MariaDB 10.11 database, or one that speaks their protocol. A commit is one statement and
 * one round trip: a prepared multi-row insert under autocommit. Reads have a connection of their own, so that history
 * does not wait behind commits, and so have audits, the fence's rows, and what is moved.
 */
export function createMysqlStore(spec: MysqlSpec, { onWait }: { onWait?: OnWait | undefined } = {}): ShardStore {
  let onConnect = NOT_OPENED;

  async function judge(connection: MysqlCommands): Promise<void> {
    const session = mysqlFences(connection);
    await onConnect({ ...session, mark: await session.mark() });
  }

  const link = (wait?: OnWait): MysqlLink => mysqlLink(spec, SESSION, { onConnect: judge, onWait: wait });
  const writes = link(onWait);
  const reads = link(onWait);
  const audits = link(onWait);
  const control = link();
  const copies = link();
  const scans = link();
  const links = [writes, reads, audits, control, copies, scans];
  const fences = mysqlFences(control);
  const moves = mysqlMoves(scans, copies);

  const rowCount = createRowCount(
    async () => {
      const [counted] = await audits.query<RowDataPacket[]>("SELECT COUNT(*) AS n FROM message", [], AUDIT_MS);
      return Number(counted!["n"]);
    },
    () => performance.now(),
  );

  return {
    engine: "mysql",
    async open(judgment) {
      onConnect = judgment;
      await prepareSchema(spec);
      return durability(writes);
    },
    async insert(rows, fence) {
      const inserted = await insertRows(writes, rows, fence);
      rowCount.add(rows.length - inserted.others.size);
      return inserted;
    },
    seal: (epoch, closedBelow) => fences.seal(epoch, closedBelow),
    admit: (fence, from) => fences.admit(fence, from),
    beat: ({ node, incarnation }, floor) => fences.beat(node, incarnation, floor),
    retire: (node, incarnation) => fences.retire(node, incarnation),
    fences: () => fences.fences(),
    ...moves,
    async copy(rows, token) {
      const copied = await moves.copy(rows, token);
      if (copied.outcome === "stored") rowCount.add(copied.rows);
      return copied;
    },
    async remove(keys, token) {
      const removed = await moves.remove(keys, token);
      if (removed !== "fenced") rowCount.add(-removed);
      return removed;
    },
    async history(dialog, before, limit, node) {
      const below = before === null ? [] : [before];
      // The driver sends a bigint as LIMIT takes it: prepared as a string, in a text without quotes. Its number is a
      // double.
      const values = [String(node), dialog, ...below, BigInt(limit)];
      const read = (sql: string): Promise<RowDataPacket[]> => reads.execute<RowDataPacket[]>(sql, values, READ_MS);
      const found = await read(pageSql(before !== null));
      if (found.length > 0) return historyPart(found, found[0]!);
      // No message brings the state with it. Asked for by itself it would be of a later moment than the empty page.
      const whole = await read(pageAndStateSql(before !== null));
      const [state] = whole.splice(
        whole.findIndex((row) => row["dialog"] === null),
        1,
      );
      return historyPart(whole, state!);
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
    async size() {
      const rows = await rowCount.read();
      const sql = `SELECT COALESCE(SUM(data_length + index_length), 0) AS n,
        COALESCE(SUM(IF(table_name = 'message', table_rows, 0)), 0) AS estimate
        FROM information_schema.tables WHERE table_schema = DATABASE()`;
      const [sized] = await audits.query<RowDataPacket[]>(sql, [], AUDIT_MS);
      return { rows: rows ?? Number(sized!["estimate"]), bytes: Number(sized!["n"]) };
    },
    connections: () => links.filter((one) => one.isOpen()).length,
    async ping() {
      await writes.query("DO 1", [], READ_MS);
    },
    abandon() {
      for (const one of links) one.drop("given up after it hung");
    },
    async close() {
      for (const one of links) one.drop("closed");
    },
  };
}

const STATE = `(SELECT epoch FROM hotshard_shard WHERE id = 1) AS epoch,
  (SELECT MIN(floor) FROM hotshard_fence WHERE node <> CAST(? AS UNSIGNED)) AS floor`;

/** @param state columns beside those of each message */
function pageSql(isBelow: boolean, state: string = STATE): string {
  const below = isBelow ? "AND id < CAST(? AS UNSIGNED)" : "";
  return `SELECT ${MESSAGE_COLUMNS}, ${state} FROM message WHERE dialog = ? ${below} ORDER BY message.id DESC LIMIT ?`;
}

/**
 * A row of epoch and floor, and the messages: one statement is one snapshot. With messages it is slower than theirs
 * alone.
 */
function pageAndStateSql(isBelow: boolean): string {
  return `SELECT NULL AS dialog, NULL AS id, NULL AS id_author, NULL AS id_recipient, NULL AS client_id, NULL AS text, ${STATE}
    UNION ALL (${pageSql(isBelow, "NULL, NULL")})`;
}

function historyPart(newestFirst: readonly RowDataPacket[], state: RowDataPacket): HistoryPart {
  if (state["epoch"] === null) throw new StoreError("its table hotshard_shard has lost its row", false);
  const floor = state["floor"] === null ? null : String(state["floor"]);
  return { rows: newestFirst.map(messageRow).reverse(), epoch: Number(state["epoch"]), floor };
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
