import type { RowDataPacket } from "mysql2";
import type { MessageRow } from "./contract.ts";

/** What a message is read by; its id as text, which is exact. */
export const MESSAGE_COLUMNS = "dialog, CAST(id AS CHAR) AS id, id_author, id_recipient, client_id, text";

/** A row of those columns. */
export function messageRow(row: RowDataPacket): MessageRow {
  return {
    dialog: String(row["dialog"]),
    id: String(row["id"]),
    author: Number(row["id_author"]),
    recipient: Number(row["id_recipient"]),
    client: String(row["client_id"]),
    text: String(row["text"]),
  };
}
