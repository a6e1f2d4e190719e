import { createHash } from "node:crypto";
import type { Fence, Inserted, MessageRow, OnConnect, ShardStore } from "../../../server/shards/contract.ts";

/** Of the node that writes where a test does not care who writes. */
export const FENCE: Fence = { node: 1, incarnation: 1, epoch: 1 };

/** Lets that node write to whatever it connects to. */
export const admitted: OnConnect = async (session) => {
  await session.claim("test");
  await session.seal(FENCE.epoch, 0n);
  await session.admit(FENCE, 0n);
};

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
export async function insertInto(
  store: Pick<ShardStore, "insert">,
  rows: readonly MessageRow[],
  fence: Fence = FENCE,
): Promise<string[]> {
  return outcomes(rows, await store.insert(rows, fence));
}

/** The messages alone. */
export async function pageOf(
  store: Pick<ShardStore, "history">,
  dialog: string,
  before: string | null,
  limit: number,
): Promise<readonly MessageRow[]> {
  return (await store.history(dialog, before, limit, FENCE.node)).rows;
}

function outcomes(rows: readonly MessageRow[], { others }: Inserted): string[] {
  return rows.map((one, index) => {
    const other = others.get(index);
    return typeof other === "string" ? other : (other?.id ?? one.id);
  });
}
