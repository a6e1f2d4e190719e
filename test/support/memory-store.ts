import { compareIds } from "../../server/placement/message-id.ts";
import type { MessageRow, ShardStore } from "../../server/shards/contract.ts";
import { scripted } from "./scripted-store.ts";

/** A store that keeps its messages in memory, by the rules of the contract; what it holds can be looked at. */
export function memoryStore(): ShardStore & { readonly rows: readonly MessageRow[] } {
  const rows: MessageRow[] = [];
  const first = (dialog: string, author: number, client: string) =>
    rows.find((row) => row.dialog === dialog && row.author === author && row.client === client);
  const store = scripted({
    async insert(batch) {
      const others = new Map<number, { readonly id: string }>();
      for (const [index, row] of batch.entries()) {
        const stored = first(row.dialog, row.author, row.client);
        if (stored === undefined) rows.push(row);
        else others.set(index, { id: stored.id });
      }
      return { others };
    },
    find: async (dialog, author, client) => first(dialog, author, client)?.id ?? null,
    async history(dialog, before, limit) {
      const page = rows
        .filter((row) => row.dialog === dialog && (before === null || compareIds(row.id, before) < 0))
        .toSorted((a, b) => compareIds(a.id, b.id))
        .slice(-limit);
      return { rows: page, epoch: 1, floor: null };
    },
  });
  return Object.assign(store, { rows });
}
