import type { RowDataPacket } from "mysql2";
import type { ClientKey } from "./moves.ts";
import type { MysqlCommands } from "./mysql-link.ts";

/** Looks up many messages at once by the text protocol. @returns for each, in order, the id stored for it, or null */
export async function storedIds(
  link: MysqlCommands,
  keys: readonly ClientKey[],
  timeoutMs?: number,
): Promise<(string | null)[]> {
  // Left to itself, MariaDB may take the index on a dialog, however many messages that one has.
  const sql = `SELECT dialog, CAST(id AS CHAR) AS id, id_author, client_id FROM message FORCE INDEX (author_client)
    WHERE (dialog, id_author, client_id) IN (${keys.map(() => "(?,?,?)").join(",")})`;
  const values = keys.flatMap(({ author, client, dialog }) => [dialog, author, client]);
  const found = await link.query<RowDataPacket[]>(sql, values, timeoutMs);
  const ids = new Map(
    found.map((row) => [
      textOf(String(row["dialog"]), String(row["id_author"]), String(row["client_id"])),
      String(row["id"]),
    ]),
  );
  return keys.map(({ author, client, dialog }) => ids.get(textOf(dialog, String(author), client)) ?? null);
}

function textOf(dialog: string, author: string, client: string): string {
  return JSON.stringify([dialog, author, client]);
}
