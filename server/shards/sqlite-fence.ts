import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { FenceRow, ShardMark } from "./contract.ts";

/** What a shard knows of itself and of those who write there. Ids are decimal strings: they do not fit a number. */
export interface SqliteFences {
  mark(): ShardMark;
  claim(cluster: string): ShardMark;
  holdsRows(): boolean;
  seal(epoch: number, closedBelow: string): void;
  /** @throws {NotAdmitted} */
  admit(node: number, incarnation: number, epoch: number, from: string): void;
  beat(node: number, incarnation: number, floor: string): void;
  retire(node: number, incarnation: number): void;
  fences(): FenceRow[];
  /** Whether a node may write a batch; true until the end of the transaction in which it is asked. */
  holds(node: number, incarnation: number, epoch: number, smallestId: string): boolean;
}

/** The node may not have a row. */
export class NotAdmitted extends Error {}

const MOVER_COLUMN = "mover INTEGER NOT NULL DEFAULT 0";

const FENCE_TABLES = `
CREATE TABLE IF NOT EXISTS hotshard_shard (
  id INTEGER PRIMARY KEY,
  cluster TEXT,
  epoch INTEGER NOT NULL,
  closed_below INTEGER NOT NULL,
  ${MOVER_COLUMN}
);
CREATE TABLE IF NOT EXISTS hotshard_fence (
  node INTEGER PRIMARY KEY,
  incarnation INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  closed_below INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  seen TEXT NOT NULL
);
INSERT INTO hotshard_shard (id, cluster, epoch, closed_below) VALUES (1, NULL, 0, 0) ON CONFLICT DO NOTHING`;

/** Makes the tables that are not there; in the caller's transaction. */
export function createFenceTables(db: DatabaseSync): void {
  db.exec(FENCE_TABLES);
  // A file from before there was a mover.
  const has = db.prepare("SELECT 1 FROM pragma_table_info('hotshard_shard') WHERE name = 'mover'").get();
  if (has === undefined) db.exec(`ALTER TABLE hotshard_shard ADD COLUMN ${MOVER_COLUMN}`);
}

const MARK = "SELECT cluster, epoch, CAST(closed_below AS TEXT) AS closedBelow FROM hotshard_shard WHERE id = 1";
const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

// Node 22.13 takes `?1` for a name and cannot bind it: what is used twice is given twice.
const SQL = {
  mark: MARK,
  // 2^63 would be no integer.
  aboveAll: `SELECT CAST(CASE MAX(id) WHEN 9223372036854775807 THEN MAX(id) ELSE MAX(id) + 1 END AS TEXT) AS id FROM message`,
  claim: "UPDATE hotshard_shard SET cluster = ? WHERE id = 1",
  holdsRows: "SELECT EXISTS (SELECT 1 FROM message) AS held",
  sealShard: `UPDATE hotshard_shard SET epoch = MAX(epoch, ?), closed_below = MAX(closed_below, CAST(? AS INTEGER))`,
  sealNodes: `UPDATE hotshard_fence SET epoch = MAX(epoch, ?), closed_below = MAX(closed_below, CAST(? AS INTEGER))`,
  incarnation: "SELECT incarnation FROM hotshard_fence WHERE node = ?",
  admit: `INSERT INTO hotshard_fence
    SELECT ?, ?, epoch, MAX(closed_below, CAST(? AS INTEGER)), CAST(? AS INTEGER), ${NOW} FROM hotshard_shard WHERE id = 1
    ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch, seen = excluded.seen,
    closed_below = CASE WHEN excluded.incarnation > hotshard_fence.incarnation
      THEN excluded.closed_below ELSE MAX(excluded.closed_below, hotshard_fence.closed_below) END,
    floor = CASE WHEN excluded.incarnation > hotshard_fence.incarnation
      THEN excluded.floor ELSE MAX(excluded.floor, hotshard_fence.floor) END,
    incarnation = excluded.incarnation`,
  beat: `UPDATE hotshard_fence SET floor = MAX(floor, CAST(? AS INTEGER)), seen = ${NOW}
    WHERE node = ? AND incarnation = ?`,
  retire: "DELETE FROM hotshard_fence WHERE node = ? AND incarnation = ?",
  fences: `SELECT node, incarnation, epoch, CAST(closed_below AS TEXT) AS closedBelow, CAST(floor AS TEXT) AS floor,
    MAX(0, (julianday('now') - julianday(seen)) * 86400000) AS silentMs FROM hotshard_fence ORDER BY node`,
  holds: `SELECT 1 FROM hotshard_fence
    WHERE node = ? AND incarnation = ? AND epoch = ? AND closed_below <= CAST(? AS INTEGER)`,
} as const;

/** The shard's own word on whose it is. */
export function readMark(db: DatabaseSync): ShardMark {
  return markOf(db.prepare(MARK).get());
}

/** @param db with the fence's tables, and one transaction at a time */
export function sqliteFences(db: DatabaseSync): SqliteFences {
  const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]);
  const run = Object.fromEntries(entries) as Record<keyof typeof SQL, ReturnType<DatabaseSync["prepare"]>>;
  const mark = (): ShardMark => markOf(run.mark.get());

  function seal(epoch: number, closedBelow: string): void {
    run.sealShard.run(epoch, closedBelow);
    run.sealNodes.run(epoch, closedBelow);
  }

  function claim(cluster: string): ShardMark {
    const found = mark();
    if (found.cluster !== null) return found;
    run.claim.run(cluster);
    const above = run.aboveAll.get()!["id"];
    if (above !== null) seal(found.epoch, String(above));
    return mark();
  }

  function admit(node: number, incarnation: number, epoch: number, from: string): void {
    const later = Number(run.incarnation.get(node)?.["incarnation"] ?? 0);
    if (later > incarnation) throw new NotAdmitted(`node ${node} has started again since incarnation ${incarnation}`);
    const sealed = mark().epoch;
    if (sealed < epoch) throw new NotAdmitted(`it is sealed up to epoch ${sealed}, not to ${epoch}`);
    run.admit.run(node, incarnation, from, from);
  }

  return {
    mark,
    claim: (cluster) => inTransaction(db, () => claim(cluster)),
    holdsRows: () => Number(run.holdsRows.get()!["held"]) === 1,
    seal: (epoch, closedBelow) => inTransaction(db, () => seal(epoch, closedBelow)),
    admit: (...values) => inTransaction(db, () => admit(...values)),
    beat: (node, incarnation, floor) => void run.beat.run(floor, node, incarnation),
    retire: (node, incarnation) => void run.retire.run(node, incarnation),
    fences: () => run.fences.all().map((row) => ({ ...row }) as unknown as FenceRow),
    holds: (...values) => run.holds.get(...values) !== undefined,
  };
}

/** Everything of `work` or, when it throws, nothing. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    db.exec("COMMIT");
    return value;
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // SQLite itself has already rolled back, as it does after a full disk.
    }
    throw error;
  }
}

function markOf(row: Record<string, SQLOutputValue> | undefined): ShardMark {
  if (row === undefined) throw new Error("its table hotshard_shard has lost its row");
  return {
    cluster: row["cluster"] as string | null,
    epoch: Number(row["epoch"]),
    closedBelow: String(row["closedBelow"]),
  };
}
