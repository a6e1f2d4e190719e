import type { ResultSetHeader } from "mysql2";
import { ALL_INSERTED, allFenced, smallestId, StoreError } from "./contract.ts";
import type { Fence, Inserted, MessageRow } from "./contract.ts";
import { databaseError, isNullColumn, retried } from "./mysql-errors.ts";
import { HOLDS_FENCE } from "./mysql-fence.ts";
import { storedIds } from "./mysql-ids.ts";
import type { MysqlLink, MysqlValue } from "./mysql-link.ts";

/** ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_CHECK_CONSTRAINT_VIOLATED. */
const ROW_ERRORS: ReadonlySet<number> = new Set([1366, 3819]);

async function insertWhole(link: MysqlLink, rows: readonly MessageRow[], fence: Fence): Promise<Inserted> {
  const size = statementRows(rows.length);
  const values: MysqlValue[] = [String(fence.node), String(fence.incarnation), String(fence.epoch), smallestId(rows)];
  for (let at = 0; at < size; at++) {
    const row = rows[Math.min(at, rows.length - 1)]!;
    values.push(row.dialog, row.id, row.author, row.recipient, row.client, row.text);
  }
  const { affectedRows } = await retried(() => link.execute<ResultSetHeader>(insertSql(size), values));
  return affectedRows === rows.length ? ALL_INSERTED : othersOf(link, rows);
}

/**
 * Stores rows by one prepared multi-row insert under autocommit, with the fence in it: one statement, one round trip.
 *
 * A statement in which one row is refused stores none. Its halves are tried in turn, each a transaction of its own: one
 * that lasted over many round trips could end between them and be gone unseen.
 */
export async function insertRows(link: MysqlLink, rows: readonly MessageRow[], fence: Fence): Promise<Inserted> {
  try {
    return await insertWhole(link, rows, fence);
  } catch (error) {
    // No message has a dialog that is NULL: it is what a batch gets whose node may not write.
    if (isNullColumn(error, "dialog")) return allFenced(rows.length);
    if (!refusesRow(error)) throw error;
    if (rows.length === 1) return { others: new Map([[0, "refused"]]), reason: (error as StoreError).message };
  }
  const middle = rows.length >> 1;
  const first = await insertRows(link, rows.slice(0, middle), fence);
  let second: Inserted;
  try {
    second = await insertRows(link, rows.slice(middle), fence);
  } catch (error) {
    // The first half may be stored already.
    throw error instanceof StoreError ? new StoreError(error.message, true, error.cause) : error;
  }
  const others = new Map(first.others);
  for (const [index, other] of second.others) others.set(index + middle, other);
  const reason = first.reason ?? second.reason;
  return reason === undefined ? { others } : { others, reason };
}

/**
 * By SQLSTATE class: data exceptions, integrity constraints, what a trigger signals; and two that MySQL calls general.
 */
function refusesRow(error: unknown): boolean {
  if (!(error instanceof StoreError) || error.maybeStored) return false;
  const { errno, sqlState } = databaseError(error);
  return /^(?:22|23|45)/u.test(sqlState ?? "") || ROW_ERRORS.has(errno ?? 0);
}

/**
 * Rows of the statement for so many rows. MariaDB keeps 3.4 KB for each row of a prepared statement: all sizes up to
 * 128 would take 28 MB a connection. So sizes above 32 are rounded up to eights, and the last row is sent again to fill
 * up: it is a duplicate of itself and changes nothing.
 */
function statementRows(rows: number): number {
  return rows <= 32 ? rows : Math.ceil(rows / 8) * 8;
}

const INSERTS: string[] = [];
const ROW = "(?,?,?,?,?,?)";
const FENCED_ROW = `(IF((${HOLDS_FENCE}), ?, NULL),?,?,?,?,?)`;

/**
 * A row that was stored before is left as it is (0 affected rows); any other collision, on the message id, sets it to
 * NULL, which is an error and undoes the whole statement. INSERT IGNORE would hide that and worse.
 */
function insertSql(rows: number): string {
  return (INSERTS[rows] ??= `INSERT INTO message (dialog, id, id_author, id_recipient, client_id, text)
    VALUES ${[FENCED_ROW, ...Array.from({ length: rows - 1 }, () => ROW)].join(",")}
    ON DUPLICATE KEY UPDATE
    id = IF(message.id_author = VALUES(id_author) AND message.client_id = VALUES(client_id), message.id, NULL)`);
}

/** Looks up what is stored for rows of which some were stored before. Rare. */
async function othersOf(link: MysqlLink, rows: readonly MessageRow[]): Promise<Inserted> {
  const others = new Map<number, { id: string }>();
  for (const [index, id] of (await storedIds(link, rows)).entries()) {
    const row = rows[index]!;
    if (id === null) throw new StoreError(`a message of ${row.dialog} vanished while it was stored`, true);
    if (id !== row.id) others.set(index, { id });
  }
  return { others };
}
