import { hash } from "node:crypto";
import type { StatementSync } from "node:sqlite";
import type { MessageRow } from "./contract.ts";
import type { Digest } from "./moves.ts";
import { FIND } from "./sqlite-insert.ts";

/** What a mover asks of a thread that reads. Keys are flat: dialog and id; those of `ids`: dialog, author, client. */
export type SqliteScan =
  | ["scan", dialog: string, id: string, from: string, below: string, limit: number]
  | ["digest", keys: readonly string[]]
  | ["ids", keys: readonly (string | number)[]];

export const MESSAGE_COLUMNS =
  "dialog, CAST(id AS TEXT) AS id, id_author AS author, id_recipient AS recipient, client_id AS client, text";

const SQL = {
  scan: `SELECT ${MESSAGE_COLUMNS} FROM message WHERE (dialog, id) > (?, CAST(? AS INTEGER))
    AND id >= CAST(? AS INTEGER) AND id < CAST(? AS INTEGER) ORDER BY dialog, message.id LIMIT ?`,
  row: `SELECT ${MESSAGE_COLUMNS} FROM message WHERE dialog = ? AND id = CAST(? AS INTEGER)`,
} as const;

/** @param run prepares a statement, once. The caller's transaction is one moment. */
export function answerScan(request: SqliteScan, run: (sql: string) => StatementSync): unknown {
  switch (request[0]) {
    case "scan": {
      const [, ...values] = request;
      return run(SQL.scan).all(...values);
    }
    case "digest":
      return digest(request[1], run(SQL.row));
    case "ids":
      return ids(request[1], run(FIND));
    default:
      throw new Error(`unknown request ${String(request)}`);
  }
}

function digest(keys: readonly string[], row: StatementSync): Digest {
  let rows = 0;
  let sum = 0n;
  for (let at = 0; at < keys.length; at += 2) {
    const found = row.get(keys[at]!, keys[at + 1]!) as unknown as MessageRow | undefined;
    if (found === undefined) continue;
    rows += 1;
    sum += BigInt(md5Start(found));
  }
  return { rows, sum };
}

/** 48 bits. */
function md5Start({ author, client, dialog, id, recipient, text }: MessageRow): number {
  const whole = [dialog, id, author, recipient, Buffer.byteLength(client), client, text].join(":");
  return Number.parseInt(hash("md5", whole).slice(0, 12), 16);
}

function ids(keys: readonly (string | number)[], find: StatementSync): (string | null)[] {
  const found: (string | null)[] = [];
  for (let at = 0; at < keys.length; at += 3) {
    found.push((find.get(keys[at]!, keys[at + 1]!, keys[at + 2]!)?.["id"] as string | undefined) ?? null);
  }
  return found;
}
