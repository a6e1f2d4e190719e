import type { DatabaseSync } from "node:sqlite";
import type { Copied, MessageKey } from "./moves.ts";
import { inTransaction } from "./sqlite-fence.ts";
import { FIELDS, FIND } from "./sqlite-insert.ts";

/** What a mover writes. Rows are flat, `FIELDS` values each, and keys are two. */
export interface SqliteMoves {
  /** @returns the token then */
  take(token: number): number;
  copy(token: number, flat: readonly (string | number)[]): Copied;
  remove(token: number, flat: readonly string[]): number | "fenced";
}

const SQL = {
  take: "UPDATE hotshard_shard SET mover = MAX(mover, ?) WHERE id = 1",
  token: "SELECT mover FROM hotshard_shard WHERE id = 1",
  copy: "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  find: FIND,
  remove: "DELETE FROM message WHERE dialog = ? AND id = CAST(? AS INTEGER)",
} as const;

/** Undoes the transaction. */
class Clash extends Error {
  readonly row: MessageKey;
  readonly stored: string | null;
  constructor(row: MessageKey, stored: string | null) {
    super("another row is in the way");
    this.row = row;
    this.stored = stored;
  }
}

/** @param db with its tables */
export function sqliteMoves(db: DatabaseSync): SqliteMoves {
  const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]);
  const run = Object.fromEntries(entries) as Record<keyof typeof SQL, ReturnType<DatabaseSync["prepare"]>>;
  const tokenNow = (): number => Number(run.token.get()?.["mover"]);

  /** @returns whether it is new */
  function store([dialog, id, author, recipient, client, text]: readonly (string | number)[]): boolean {
    if (Number(run.copy.run(dialog!, id!, author!, recipient!, client!, text!).changes) === 1) return true;
    const found = run.find.get(dialog!, author!, client!)?.["id"] ?? null;
    if (found === id) return false;
    throw new Clash({ dialog: String(dialog), id: String(id) }, found === null ? null : String(found));
  }

  return {
    take(token) {
      run.take.run(token);
      return tokenNow();
    },
    copy(token, flat) {
      try {
        return inTransaction(db, (): Copied => {
          if (tokenNow() !== token) return { outcome: "fenced" };
          let rows = 0;
          for (let at = 0; at < flat.length; at += FIELDS) if (store(flat.slice(at, at + FIELDS))) rows += 1;
          return { outcome: "stored", rows };
        });
      } catch (error) {
        if (!(error instanceof Clash)) throw error;
        return { outcome: "clash", row: error.row, stored: error.stored };
      }
    },
    remove: (token, flat) =>
      inTransaction(db, () => {
        if (tokenNow() !== token) return "fenced";
        let removed = 0;
        for (let at = 0; at < flat.length; at += 2) removed += Number(run.remove.run(flat[at]!, flat[at + 1]!).changes);
        return removed;
      }),
  };
}
