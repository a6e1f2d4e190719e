import type { ResultSetHeader, RowDataPacket } from "mysql2";
import { MAX_MESSAGE_ID } from "../placement/message-id.ts";
import { StoreError, type FenceRow, type ShardMark, type StoreSession } from "./contract.ts";
import { isNullColumn, retried } from "./mysql-errors.ts";
import type { MysqlCommands } from "./mysql-link.ts";

/** What a shard knows of itself and of those who write there, by the statements of one connection. */
export type MysqlFences = Pick<StoreSession, "claim" | "holdsRows" | "seal" | "admit" | "fences"> & {
  mark(): Promise<ShardMark>;
  beat(node: number, incarnation: number, floor: bigint): Promise<void>;
  retire(node: number, incarnation: number): Promise<void>;
};

const FENCE_MS = 10_000;
/** A claim may have to look for the largest id. */
const CLAIM_MS = 120_000;

/** Who may move rows. */
export const MOVER_COLUMN = "mover BIGINT UNSIGNED NOT NULL DEFAULT 0";

export const FENCE_TABLES = [
  `CREATE TABLE IF NOT EXISTS hotshard_shard (
    id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    cluster VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    epoch BIGINT UNSIGNED NOT NULL,
    closed_below BIGINT UNSIGNED NOT NULL,
    ${MOVER_COLUMN}
  ) ENGINE = InnoDB`,
  `CREATE TABLE IF NOT EXISTS hotshard_fence (
    node SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    incarnation BIGINT UNSIGNED NOT NULL,
    epoch BIGINT UNSIGNED NOT NULL,
    closed_below BIGINT UNSIGNED NOT NULL,
    floor BIGINT UNSIGNED NOT NULL,
    seen DATETIME(3) NOT NULL
  ) ENGINE = InnoDB`,
  "INSERT INTO hotshard_shard (id, cluster, epoch, closed_below) VALUES (1, NULL, 0, 0) ON DUPLICATE KEY UPDATE id = id",
] as const;

/**
 * True (1) while a node may write a batch, and NULL when it may not: node, incarnation, epoch, smallest id. Its row is
 * locked until the end of the transaction, at every isolation level: a seal waits for it, and it for a seal.
 */
export const HOLDS_FENCE = `SELECT 1 FROM hotshard_fence WHERE node = CAST(? AS UNSIGNED) AND incarnation = CAST(? AS UNSIGNED)
  AND epoch = CAST(? AS UNSIGNED) AND closed_below <= CAST(? AS UNSIGNED) FOR UPDATE`;

/** 1 + the largest id, or NULL for an empty table. Grouped, the primary key answers with one look per dialog. */
const ABOVE_ALL = `(SELECT LEAST(MAX(top) + 1, ${MAX_MESSAGE_ID}) FROM
  (SELECT MAX(id) AS top FROM message GROUP BY dialog) AS tops)`;

/** The shard's row first and then those of the nodes, as everybody locks them. */
const ALL_ROWS = "hotshard_shard AS s LEFT JOIN hotshard_fence AS f ON TRUE";

const SQL = {
  mark: "SELECT cluster, epoch, CAST(closed_below AS CHAR) AS closed_below FROM hotshard_shard WHERE id = 1",
  claim: `UPDATE ${ALL_ROWS} SET s.cluster = ?,
    s.closed_below = GREATEST(s.closed_below, COALESCE(${ABOVE_ALL}, 0)),
    f.closed_below = GREATEST(f.closed_below, COALESCE(${ABOVE_ALL}, 0))
    WHERE s.id = 1 AND s.cluster IS NULL`,
  holdsRows: "SELECT EXISTS (SELECT 1 FROM message) AS held",
  seal: `UPDATE ${ALL_ROWS} SET
    s.epoch = GREATEST(s.epoch, CAST(? AS UNSIGNED)), s.closed_below = GREATEST(s.closed_below, CAST(? AS UNSIGNED)),
    f.epoch = GREATEST(f.epoch, CAST(? AS UNSIGNED)), f.closed_below = GREATEST(f.closed_below, CAST(? AS UNSIGNED))
    WHERE s.id = 1`,
  // The source is locked, or a seal could come between. A later incarnation's row is not taken: NULL is an error.
  admit: `INSERT INTO hotshard_fence (node, incarnation, epoch, closed_below, floor, seen)
    SELECT CAST(? AS UNSIGNED), CAST(? AS UNSIGNED), s.epoch, GREATEST(s.closed_below, CAST(? AS UNSIGNED)),
    CAST(? AS UNSIGNED), UTC_TIMESTAMP(3)
    FROM hotshard_shard AS s WHERE s.id = 1 AND s.epoch >= CAST(? AS UNSIGNED) FOR UPDATE
    ON DUPLICATE KEY UPDATE
    floor = IF(VALUES(incarnation) > hotshard_fence.incarnation, VALUES(floor), GREATEST(hotshard_fence.floor, VALUES(floor))),
    closed_below = IF(VALUES(incarnation) > hotshard_fence.incarnation, VALUES(closed_below),
      GREATEST(hotshard_fence.closed_below, VALUES(closed_below))),
    epoch = VALUES(epoch), seen = VALUES(seen),
    incarnation = IF(VALUES(incarnation) >= hotshard_fence.incarnation, VALUES(incarnation), NULL)`,
  beat: `UPDATE hotshard_fence SET floor = GREATEST(floor, CAST(? AS UNSIGNED)), seen = UTC_TIMESTAMP(3)
    WHERE node = CAST(? AS UNSIGNED) AND incarnation = CAST(? AS UNSIGNED)`,
  retire: "DELETE FROM hotshard_fence WHERE node = CAST(? AS UNSIGNED) AND incarnation = CAST(? AS UNSIGNED)",
  fences: `SELECT node, incarnation, epoch, CAST(closed_below AS CHAR) AS closed_below, CAST(floor AS CHAR) AS floor,
    TIMESTAMPDIFF(MICROSECOND, seen, UTC_TIMESTAMP(3)) / 1000 AS silent FROM hotshard_fence ORDER BY node`,
} as const;

/** @param link each call is one autocommit statement */
export function mysqlFences(link: MysqlCommands): MysqlFences {
  const write = (sql: string, values: readonly string[], timeoutMs: number): Promise<ResultSetHeader> =>
    retried(() => link.query<ResultSetHeader>(sql, values, timeoutMs));

  async function mark(): Promise<ShardMark> {
    const [row] = await link.query<RowDataPacket[]>(SQL.mark, [], FENCE_MS);
    if (row === undefined) throw new StoreError("its table hotshard_shard has lost its row", false);
    const cluster = row["cluster"] === null ? null : String(row["cluster"]);
    return { cluster, epoch: Number(row["epoch"]), closedBelow: String(row["closed_below"]) };
  }

  return {
    mark,
    async claim(cluster) {
      const found = await mark();
      if (found.cluster !== null) return found;
      await write(SQL.claim, [cluster], CLAIM_MS);
      return mark();
    },
    async holdsRows() {
      const [row] = await link.query<RowDataPacket[]>(SQL.holdsRows, [], FENCE_MS);
      return Number(row!["held"]) === 1;
    },
    async seal(epoch, closedBelow) {
      const values = [String(epoch), String(closedBelow)];
      await write(SQL.seal, [...values, ...values], FENCE_MS);
    },
    async admit({ node, incarnation, epoch }, from) {
      const values = [node, incarnation, from, from, epoch].map(String);
      let made: ResultSetHeader;
      try {
        made = await write(SQL.admit, values, FENCE_MS);
      } catch (error) {
        if (!isNullColumn(error, "incarnation")) throw error;
        throw new StoreError(`node ${node} has started again since incarnation ${incarnation}`, false, error);
      }
      if (made.affectedRows > 0) return;
      const now = await mark();
      if (now.epoch < epoch) throw new StoreError(`it is sealed up to epoch ${now.epoch}, not to ${epoch}`, false);
    },
    async beat(node, incarnation, floor) {
      await write(SQL.beat, [floor, node, incarnation].map(String), FENCE_MS);
    },
    async retire(node, incarnation) {
      await write(SQL.retire, [node, incarnation].map(String), FENCE_MS);
    },
    async fences() {
      const rows = await link.query<RowDataPacket[]>(SQL.fences, [], FENCE_MS);
      return rows.map((row): FenceRow => ({
        node: Number(row["node"]),
        incarnation: Number(row["incarnation"]),
        epoch: Number(row["epoch"]),
        closedBelow: String(row["closed_below"]),
        floor: String(row["floor"]),
        silentMs: Math.max(0, Number(row["silent"])),
      }));
    },
  };
}
