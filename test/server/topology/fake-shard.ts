import assert from "node:assert/strict";
import { StoreError } from "../../../server/shards/contract.ts";
import type { Fence, FenceRow, ShardMark, ShardStore, StoreSession } from "../../../server/shards/contract.ts";

export interface FakeShard {
  readonly label: string;
  readonly store: Pick<ShardStore, "admit" | "beat" | "fences" | "retire" | "seal">;
  isUp: boolean;
  mark: ShardMark;
  /** Ids in the order in which they were stored. */
  readonly stored: bigint[];
  session(): StoreSession;
  insert(id: bigint, fence: Fence): "stored" | "fenced";
}

interface Row {
  incarnation: number;
  closedBelow: bigint;
  floor: bigint;
  seen: number;
}

/** What a database does with fences, by the contract. @param now of the database, ms */
export function fakeShard(label: string, now: () => number): FakeShard {
  const rows = new Map<number, Row>();

  function reach(): void {
    if (!shard.isUp) throw new StoreError(`${label} is down`, false);
  }

  const store: FakeShard["store"] = {
    async seal(epoch, closedBelow) {
      reach();
      const { mark } = shard;
      shard.mark = {
        ...mark,
        epoch: Math.max(mark.epoch, epoch),
        closedBelow: max(BigInt(mark.closedBelow), closedBelow).toString(),
      };
      for (const row of rows.values()) row.closedBelow = max(row.closedBelow, closedBelow);
    },
    async admit({ epoch, incarnation, node }, from) {
      reach();
      const row = rows.get(node);
      if (row !== undefined && row.incarnation > incarnation) throw new StoreError("a later one was admitted", false);
      if (shard.mark.epoch < epoch) throw new StoreError("it is not sealed yet", false);
      const same = row?.incarnation === incarnation;
      rows.set(node, {
        incarnation,
        closedBelow: max(BigInt(shard.mark.closedBelow), from),
        floor: same ? max(row.floor, from) : from,
        seen: now(),
      });
    },
    async beat({ incarnation, node }, floor) {
      reach();
      const row = rows.get(node);
      if (row?.incarnation !== incarnation) return;
      row.floor = max(row.floor, floor);
      row.seen = now();
    },
    async retire(node, incarnation) {
      reach();
      if (rows.get(node)?.incarnation === incarnation) rows.delete(node);
    },
    async fences() {
      reach();
      const { epoch } = shard.mark;
      return [...rows].map(([node, row]): FenceRow => ({
        node,
        incarnation: row.incarnation,
        epoch,
        closedBelow: row.closedBelow.toString(),
        floor: row.floor.toString(),
        silentMs: now() - row.seen,
      }));
    },
  };

  const shard: FakeShard = {
    label,
    store,
    isUp: true,
    mark: { cluster: null, epoch: 0, closedBelow: "0" },
    stored: [],
    session: () => ({
      mark: shard.mark,
      async claim(cluster) {
        reach();
        if (shard.mark.cluster === null) shard.mark = { ...shard.mark, cluster };
        return shard.mark;
      },
      holdsRows: async () => shard.stored.length > 0,
      ...store,
    }),
    insert(id, fence) {
      reach();
      const row = rows.get(fence.node);
      const holds = row?.incarnation === fence.incarnation && shard.mark.epoch === fence.epoch && row.closedBelow <= id;
      if (!holds) return "fenced";
      assert.ok(id >= row.floor, `${label}: ${id} is stored below the floor ${row.floor} that its node told`);
      shard.stored.push(id);
      return "stored";
    },
  };
  return shard;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
