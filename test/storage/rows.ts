import { createHash } from "node:crypto";
import type { MessageRow } from "../../server/storage/contract.ts";

/** A row with what the test does not care about filled in. */
export function row(part: Partial<MessageRow> & { id: string }): MessageRow {
  return { dialog: "1_2", author: 1, recipient: 2, client: `r-${part.id}`, text: "hello", ...part };
}

/** What a store's `audit` should add for a row, by the formula of the contract. */
export function auditKey({ dialog, author, client }: MessageRow): number {
  const digest = createHash("md5").update(`${dialog}:${author}:${client}`).digest("hex");
  return Number.parseInt(digest.slice(0, 6), 16);
}
