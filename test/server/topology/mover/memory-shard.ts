import { createHash } from "node:crypto";
import { compareIds } from "../../../../server/placement/message-id.ts";
import type { MessageRow } from "../../../../server/shards/contract.ts";
import type { ClientKey, MessageKey } from "../../../../server/shards/moves.ts";
import type { MoverShard } from "../../../../server/topology/mover/contract.ts";

/** A shard in memory, by the rules of the contract; what it holds can be looked at and changed. */
export interface MemoryShard extends MoverShard {
  readonly rows: Map<string, MessageRow>;
  token: number;
  epoch: number;
  closedBelow: bigint;
  /** As a writer of that segment would have stored it. */
  put(row: MessageRow): void;
  clear(): void;
}

const nameOf = ({ dialog, id }: MessageKey): string => `${dialog}|${id}`;
const clientOf = ({ author, client, dialog }: ClientKey): string => JSON.stringify([dialog, author, client]);

/** In the order of a primary key. */
function byKey(a: MessageKey, b: MessageKey): number {
  if (a.dialog === b.dialog) return compareIds(a.id, b.id);
  return a.dialog < b.dialog ? -1 : 1;
}

function md5Of(row: MessageRow): bigint {
  return BigInt(
    `0x${createHash("md5")
      .update(JSON.stringify(Object.entries(row)))
      .digest("hex")
      .slice(0, 12)}`,
  );
}

export function memoryShard(label: string): MemoryShard {
  const rows = new Map<string, MessageRow>();
  const byClient = new Map<string, string>();

  const shard: MemoryShard = {
    label,
    rows,
    token: 0,
    epoch: 0,
    closedBelow: 0n,
    put(row) {
      rows.set(nameOf(row), row);
      byClient.set(clientOf(row), row.id);
    },
    clear() {
      rows.clear();
      byClient.clear();
    },
    reading: () => ({ storedRows: rows.size }),
    async seal(epoch, closedBelow) {
      shard.epoch = Math.max(shard.epoch, epoch);
      if (closedBelow > shard.closedBelow) shard.closedBelow = closedBelow;
    },
    async take(token) {
      shard.token = Math.max(shard.token, token);
      return shard.token;
    },
    async scan(after, { below, from = "0" }, limit) {
      return [...rows.values()]
        .filter((row) => after === null || byKey(row, after) > 0)
        .filter(({ id }) => compareIds(id, from) >= 0 && compareIds(id, below) < 0)
        .toSorted(byKey)
        .slice(0, limit);
    },
    async copy(copies, token) {
      if (shard.token !== token) return { outcome: "fenced" };
      const added: MessageRow[] = [];
      for (const row of copies) {
        const stored = byClient.get(clientOf(row)) ?? null;
        if (stored === row.id) continue;
        if (stored !== null || rows.has(nameOf(row))) {
          return { outcome: "clash", row: { dialog: row.dialog, id: row.id }, stored };
        }
        added.push(row);
      }
      for (const row of added) shard.put(row);
      return { outcome: "stored", rows: added.length };
    },
    async digest(keys) {
      const found = keys.flatMap((key) => rows.get(nameOf(key)) ?? []);
      return { rows: found.length, sum: found.reduce((sum, row) => sum + md5Of(row), 0n) };
    },
    async remove(keys, token) {
      if (shard.token !== token) return "fenced";
      let removed = 0;
      for (const key of keys) {
        const row = rows.get(nameOf(key));
        if (row === undefined) continue;
        rows.delete(nameOf(key));
        byClient.delete(clientOf(row));
        removed += 1;
      }
      return removed;
    },
    ids: async (keys) => keys.map((key) => byClient.get(clientOf(key)) ?? null),
  };
  return shard;
}
