import type { DatabaseSync } from "node:sqlite";
import type { Inserted } from "./contract.ts";
import { inTransaction, type SqliteFences } from "./sqlite-fence.ts";
import { primary } from "./sqlite-reply.ts";

/** Values of one message, in the order of the table's columns. */
export const FIELDS = 6;

export type SqliteFence = readonly [node: number, incarnation: number, epoch: number, smallestId: string];

/**
 * Stores rows in one transaction with the fence.
 *
 * @param flat `FIELDS` values a row
 * @returns null when every row is stored under its own id, which costs the answer nothing; "fenced" when none is
 */
export type SqliteInsert = (fence: SqliteFence, flat: readonly (string | number)[]) => Inserted | null | "fenced";

// Only the unique key: a message id that exists already is a fault and must not be hidden.
const INSERT = `INSERT INTO message VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (dialog, id_author, client_id) DO NOTHING`;
export const FIND = `SELECT CAST(id AS TEXT) AS id FROM message WHERE dialog = ? AND id_author = ? AND client_id = ?`;

/** TOOBIG, CONSTRAINT, MISMATCH, RANGE: SQLite undid this statement and nothing else. */
const REFUSES_ROW: ReadonlySet<number> = new Set([18, 19, 20, 25]);

/** @param db with its tables */
export function sqliteInsert(db: DatabaseSync, fences: Pick<SqliteFences, "holds">): SqliteInsert {
  const insert = db.prepare(INSERT);
  const find = db.prepare(FIND);

  return (fence, flat) => {
    const others = new Map<number, { id: string } | "refused">();
    let reason: string | undefined;
    const holds = inTransaction(db, () => {
      if (!fences.holds(...fence)) return false;
      for (let at = 0; at < flat.length; at += FIELDS) {
        const dialog = flat[at]!;
        const author = flat[at + 2]!;
        const client = flat[at + 4]!;
        try {
          const { changes } = insert.run(dialog, flat[at + 1]!, author, flat[at + 3]!, client, flat[at + 5]!);
          if (changes === 0) others.set(at / FIELDS, { id: String(find.get(dialog, author, client)!["id"]) });
        } catch (error) {
          if (!refusesRow(db, error)) throw error;
          others.set(at / FIELDS, "refused");
          reason = (error as Error).message;
        }
      }
      return true;
    });
    if (!holds) return "fenced";
    if (others.size === 0) return null;
    return reason === undefined ? { others } : { others, reason };
  };
}

/** False as well when the transaction went with the statement: then the rows before it are gone. */
function refusesRow(db: DatabaseSync, error: unknown): boolean {
  const result = primary(error);
  return result !== null && REFUSES_ROW.has(result) && db.isTransaction;
}
