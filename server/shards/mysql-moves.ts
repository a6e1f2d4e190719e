import type { ResultSetHeader, RowDataPacket } from "mysql2";
import { StoreError } from "./contract.ts";
import type { MessageRow } from "./contract.ts";
import type { Copied, MessageKey, ShardMoves } from "./moves.ts";
import { isNullColumn, retried } from "./mysql-errors.ts";
import { storedIds } from "./mysql-ids.ts";
import { messageRow, MESSAGE_COLUMNS } from "./mysql-row.ts";
import type { MysqlCommands, MysqlValue } from "./mysql-link.ts";

/** A statement may wait for the group commits of a busy shard. */
const MOVE_MS = 60_000;
/** A page may have to pass many rows that it does not return. */
const SCAN_MS = 120_000;

/** True (1) while the shard has this token, else NULL; locked until the end of the transaction. */
const HOLDS_TOKEN = "SELECT 1 FROM hotshard_shard WHERE id = 1 AND mover = CAST(? AS UNSIGNED) FOR UPDATE";

const MD5_48 = `CAST(CONV(LEFT(MD5(CONCAT_WS(':', dialog, id, id_author, id_recipient, LENGTH(client_id), client_id, text)),
  12), 16, 10) AS UNSIGNED)`;

const SQL = {
  take: "UPDATE hotshard_shard SET mover = GREATEST(mover, CAST(? AS UNSIGNED)) WHERE id = 1",
  token: "SELECT mover FROM hotshard_shard WHERE id = 1",
  scan: `SELECT ${MESSAGE_COLUMNS} FROM message FORCE INDEX (PRIMARY)
    WHERE (dialog > ? OR (dialog = ? AND id > CAST(? AS UNSIGNED))) AND id >= CAST(? AS UNSIGNED) AND id < CAST(? AS UNSIGNED)
    ORDER BY dialog, message.id LIMIT ?`,
} as const;

/** @param reads a connection of their own: what is read next does not wait for what is written */
export function mysqlMoves(reads: MysqlCommands, writes: MysqlCommands): ShardMoves {
  async function tokenOf(): Promise<number> {
    const [row] = await writes.query<RowDataPacket[]>(SQL.token, [], MOVE_MS);
    if (row === undefined) throw new StoreError("its table hotshard_shard has lost its row", false);
    return Number(row["mover"]);
  }

  return {
    async take(token) {
      await retried(() => writes.query<ResultSetHeader>(SQL.take, [String(token)], MOVE_MS));
      return tokenOf();
    },
    async scan(after, { from = "0", below }, limit) {
      const { dialog, id } = after ?? { dialog: "", id: "0" };
      const rows = await reads.query<RowDataPacket[]>(
        SQL.scan,
        [dialog, dialog, id, from, below, BigInt(limit)],
        SCAN_MS,
      );
      return rows.map(messageRow);
    },
    async copy(rows, token) {
      const values: MysqlValue[] = [String(token)];
      for (const row of rows) values.push(row.dialog, row.id, row.author, row.recipient, row.client, row.text);
      try {
        const { affectedRows } = await retried(() => writes.query<ResultSetHeader>(copySql(rows), values, MOVE_MS));
        return { outcome: "stored", rows: affectedRows };
      } catch (error) {
        if (isNullColumn(error, "dialog")) return { outcome: "fenced" };
        if (isNullColumn(error, "id")) return clash(writes, rows);
        throw error;
      }
    },
    async digest(keys) {
      const sql = `SELECT COUNT(*) AS n, CAST(COALESCE(SUM(${MD5_48}), 0) AS CHAR) AS total
        FROM message FORCE INDEX (PRIMARY) WHERE ${isOneOf(keys)}`;
      const [row] = await reads.query<RowDataPacket[]>(sql, keyValues(keys), SCAN_MS);
      return { rows: Number(row!["n"]), sum: BigInt(String(row!["total"])) };
    },
    async remove(keys, token) {
      // With one table named, MySQL takes no index hint.
      const sql = `DELETE message FROM message FORCE INDEX (PRIMARY) WHERE ${isOneOf(keys)} AND (${HOLDS_TOKEN})`;
      const values = [...keyValues(keys), String(token)];
      const { affectedRows } = await retried(() => writes.query<ResultSetHeader>(sql, values, MOVE_MS));
      return affectedRows === 0 && (await tokenOf()) !== token ? "fenced" : affectedRows;
    },
    ids: (keys) => storedIds(reads, keys, SCAN_MS),
  };
}

/**
 * A row that is there under its id is left as it is (0 affected rows). Any other collision sets that id to NULL, which
 * is an error and undoes the statement; so does a dialog that is NULL because the token is another's.
 */
function copySql(rows: readonly MessageRow[]): string {
  const others = rows.slice(1).map(() => "(?,?,?,?,?,?)");
  return `INSERT INTO message (dialog, id, id_author, id_recipient, client_id, text)
    VALUES ${[`(IF((${HOLDS_TOKEN}), ?, NULL),?,?,?,?,?)`, ...others].join(",")}
    ON DUPLICATE KEY UPDATE id = IF(message.id = VALUES(id) AND message.id_author = VALUES(id_author)
      AND message.client_id = VALUES(client_id), message.id, NULL)`;
}

function isOneOf(keys: readonly MessageKey[]): string {
  return `(dialog, id) IN (${keys.map(() => "(?,?)").join(",")})`;
}

/** The driver sends a bigint without quotes: compared with a string, an id would become a double. */
function keyValues(keys: readonly MessageKey[]): MysqlValue[] {
  return keys.flatMap(({ dialog, id }) => [dialog, BigInt(id)]);
}

/** Which of the rows cannot be stored. */
async function clash(link: MysqlCommands, rows: readonly MessageRow[]): Promise<Copied> {
  const stored = await storedIds(link, rows, MOVE_MS);
  const elsewhere = rows.findIndex(({ id }, at) => stored[at] !== null && stored[at] !== id);
  if (elsewhere !== -1) return { outcome: "clash", row: keyOf(rows[elsewhere]!), stored: stored[elsewhere]! };
  const absent = rows.filter((_row, at) => stored[at] === null);
  const sql = `SELECT dialog, CAST(id AS CHAR) AS id FROM message FORCE INDEX (PRIMARY) WHERE ${isOneOf(absent)} LIMIT 1`;
  const [taken] = absent.length === 0 ? [] : await link.query<RowDataPacket[]>(sql, keyValues(absent), MOVE_MS);
  if (taken === undefined) throw new StoreError("a row that was in the way of a copy vanished", false);
  return { outcome: "clash", row: { dialog: String(taken["dialog"]), id: String(taken["id"]) }, stored: null };
}

function keyOf({ dialog, id }: MessageKey): MessageKey {
  return { dialog, id };
}
