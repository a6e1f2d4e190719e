import { createHash } from "node:crypto";
import type { Inserted, MessageRow, ShardStore } from "../../../server/shards/contract.ts";

/** A row with what the test does not care about filled in. */
export function row(part: Partial<MessageRow> & { id: string }): MessageRow {
  return { dialog: "1_2", author: 1, recipient: 2, client: `r-${part.id}`, text: "hello", ...part };
}

/** What a store's `audit` should add for a row, by the formula of the contract. */
export function auditKey({ dialog, author, client }: MessageRow): number {
  const digest = createHash("md5").update(`${dialog}:${author}:${client}`).digest("hex");
  return Number.parseInt(digest.slice(0, 6), 16);
}

/** Stores rows. @returns for each, in order, the id under which it is stored, or why it is not */
export async function insertInto(store: Pick<ShardStore, "insert">, rows: readonly MessageRow[]): Promise<string[]> {
  return outcomes(rows, await store.insert(rows));
}

function outcomes(rows: readonly MessageRow[], { others }: Inserted): string[] {
  return rows.map((one, index) => {
    const other = others.get(index);
    return typeof other === "string" ? other : (other?.id ?? one.id);
  });
}
