import { hash } from "node:crypto";
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { Digest } from "./moves.ts";
import { FIND } from "./sqlite-insert.ts";

/** What a mover asks of a thread that reads. Keys are a JSON list of [dialog, id]; those of `ids` are flat: dialog, author, client. */
export type SqliteScan =
  | ["scan", dialog: string, id: string, from: string, below: string, limit: number]
  | ["digest", keys: string]
  | ["ids", keys: readonly (string | number)[]];

export const MESSAGE_COLUMNS =
  "dialog, CAST(id AS TEXT) AS id, id_author AS author, id_recipient AS recipient, client_id AS client, text";

const SQL = {
  scan: `SELECT ${MESSAGE_COLUMNS} FROM message WHERE (dialog, id) > (?, CAST(? AS INTEGER))
    AND id >= CAST(? AS INTEGER) AND id < CAST(? AS INTEGER) ORDER BY dialog, message.id LIMIT ?`,
  // Key by key, and each by the primary key.
  digest: `SELECT COUNT(*) AS n,
    CAST(COALESCE(SUM(md5_48(dialog, CAST(m.id AS TEXT), id_author, id_recipient, client_id, text)), 0) AS TEXT) AS sum
    FROM json_each(?) AS k CROSS JOIN message AS m ON m.dialog = k.value ->> 0 AND m.id = CAST(k.value ->> 1 AS INTEGER)`,
} as const;

/** @param run prepares a statement, once. The caller's transaction is one moment. */
export function answerScan(request: SqliteScan, run: (sql: string) => StatementSync): unknown {
  switch (request[0]) {
    case "scan": {
      const [, ...values] = request;
      return run(SQL.scan).all(...values);
    }
    case "digest":
      return digest(run(SQL.digest).get(request[1])!);
    case "ids":
      return ids(request[1], run(FIND));
    default:
      throw new Error(`unknown request ${String(request)}`);
  }
}

function digest({ n, sum }: Record<string, SQLOutputValue>): Digest {
  return { rows: Number(n), sum: BigInt(String(sum)) };
}

/** Gives the database the hash of a row. */
export function defineDigest(db: DatabaseSync): void {
  db.function("md5_48", { deterministic: true, varargs: true }, (dialog, id, author, recipient, client, text) => {
    const whole = [dialog, id, author, recipient, Buffer.byteLength(String(client)), client, text].join(":");
    // A number would be added as a double.
    return BigInt(Number.parseInt(hash("md5", whole).slice(0, 12), 16));
  });
}

function ids(keys: readonly (string | number)[], find: StatementSync): (string | null)[] {
  const found: (string | null)[] = [];
  for (let at = 0; at < keys.length; at += 3) {
    found.push((find.get(keys[at]!, keys[at + 1]!, keys[at + 2]!)?.["id"] as string | undefined) ?? null);
  }
  return found;
}
