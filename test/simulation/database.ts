import { hash } from "node:crypto";
import { compareIds } from "../../server/placement/message-id.ts";
import { allFenced, smallestId, StoreError } from "../../server/shards/contract.ts";
import type { Fence, FenceRow, HistoryPart, Inserted, MessageRow, ShardMark } from "../../server/shards/contract.ts";
import type { ClientKey, Copied, Digest, IdRange, MessageKey } from "../../server/shards/moves.ts";

interface NodeRow {
  incarnation: number;
  epoch: number;
  closedBelow: bigint;
  floor: bigint;
  seen: number;
}

/** Rows of one shard and who may write there, by the contract of stores; each method is one transaction. */
export interface Database {
  mark(): ShardMark;
  claim(cluster: string): ShardMark;
  holdsRows(): boolean;
  seal(epoch: number, closedBelow: bigint): void;
  admit(fence: Fence, from: bigint): void;
  beat(fence: Fence, floor: bigint): void;
  retire(node: number, incarnation: number): void;
  fences(): readonly FenceRow[];
  /** Whether a batch may be written. */
  holds(rows: readonly MessageRow[], fence: Fence): boolean;
  insert(rows: readonly MessageRow[], fence: Fence): Inserted;
  /** Whatever the fence says. */
  store(rows: readonly MessageRow[]): Inserted;
  history(dialog: string, before: string | null, limit: number, node: number): HistoryPart;
  find(dialog: string, author: number, client: string): string | null;
  take(token: number): number;
  scan(after: MessageKey | null, range: IdRange, limit: number): readonly MessageRow[];
  copy(rows: readonly MessageRow[], token: number): Copied;
  digest(keys: readonly MessageKey[]): Digest;
  remove(keys: readonly MessageKey[], token: number): number | "fenced";
  ids(keys: readonly ClientKey[]): (string | null)[];
  /** In no order. */
  all(): readonly MessageRow[];
}

/** @param now of its machine, ms */
export function createDatabase(now: () => number): Database {
  const shard = { cluster: null as string | null, epoch: 0, closedBelow: 0n, mover: 0 };
  const nodes = new Map<number, NodeRow>();
  const byId = new Map<string, MessageRow>();
  const byClient = new Map<string, MessageRow>();

  const mark = (): ShardMark => ({
    cluster: shard.cluster,
    epoch: shard.epoch,
    closedBelow: shard.closedBelow.toString(),
  });

  function seal(epoch: number, closedBelow: bigint): void {
    for (const row of [shard, ...nodes.values()]) {
      row.epoch = Math.max(row.epoch, epoch);
      row.closedBelow = later(row.closedBelow, closedBelow);
    }
  }

  function holds(rows: readonly MessageRow[], { epoch, incarnation, node }: Fence): boolean {
    const row = nodes.get(node);
    if (row === undefined || row.incarnation !== incarnation || row.epoch !== epoch) return false;
    return row.closedBelow <= BigInt(smallestId(rows));
  }

  function put({ author, client, dialog, id, recipient, text }: MessageRow): void {
    const row = { dialog, id, author, recipient, client, text };
    byId.set(idKey(row), row);
    byClient.set(clientKey(row), row);
  }

  function store(rows: readonly MessageRow[]): Inserted {
    const others = new Map<number, { id: string } | "refused">();
    for (const [index, row] of rows.entries()) {
      const stored = byClient.get(clientKey(row));
      if (stored !== undefined) {
        if (stored.id !== row.id) others.set(index, { id: stored.id });
      } else if (byId.has(idKey(row))) others.set(index, "refused");
      else put(row);
    }
    const isRefused = [...others.values()].includes("refused");
    return isRefused ? { others, reason: "a constraint on its primary key" } : { others };
  }

  function copy(rows: readonly MessageRow[], token: number): Copied {
    if (shard.mover !== token) return { outcome: "fenced" };
    const added: MessageRow[] = [];
    for (const row of rows) {
      const stored = byClient.get(clientKey(row));
      if (stored?.id === row.id) continue;
      if (stored !== undefined || byId.has(idKey(row))) {
        for (const one of added) drop(one);
        return { outcome: "clash", row: { dialog: row.dialog, id: row.id }, stored: stored?.id ?? null };
      }
      put(row);
      added.push(row);
    }
    return { outcome: "stored", rows: added.length };
  }

  function drop(key: MessageKey): boolean {
    const row = byId.get(idKey(key));
    if (row === undefined) return false;
    byClient.delete(clientKey(row));
    return byId.delete(idKey(row));
  }

  return {
    mark,
    claim(cluster) {
      if (shard.cluster !== null) return mark();
      shard.cluster = cluster;
      const most = [...byId.values()].reduce((largest, { id }) => later(largest, BigInt(id)), -1n);
      if (most >= 0n) seal(shard.epoch, most < MAX ? most + 1n : most);
      return mark();
    },
    holdsRows: () => byId.size > 0,
    seal,
    admit({ epoch, incarnation, node }, from) {
      const row = nodes.get(node);
      if (row !== undefined && row.incarnation > incarnation) {
        throw new StoreError(`node ${node} has started again since incarnation ${incarnation}`, false);
      }
      if (shard.epoch < epoch) throw new StoreError(`it is sealed up to epoch ${shard.epoch}, not to ${epoch}`, false);
      const same = row?.incarnation === incarnation ? row : { closedBelow: 0n, floor: 0n };
      nodes.set(node, {
        incarnation,
        epoch: shard.epoch,
        closedBelow: later(later(shard.closedBelow, from), same.closedBelow),
        floor: later(from, same.floor),
        seen: now(),
      });
    },
    beat({ incarnation, node }, floor) {
      const row = nodes.get(node);
      if (row?.incarnation !== incarnation) return;
      row.floor = later(row.floor, floor);
      row.seen = now();
    },
    retire(node, incarnation) {
      if (nodes.get(node)?.incarnation === incarnation) nodes.delete(node);
    },
    fences: () =>
      [...nodes]
        .toSorted(([a], [b]) => a - b)
        .map(([node, { closedBelow, epoch, floor, incarnation, seen }]) => ({
          node,
          incarnation,
          epoch,
          closedBelow: closedBelow.toString(),
          floor: floor.toString(),
          silentMs: Math.max(0, now() - seen),
        })),
    holds,
    insert: (rows, fence) => (holds(rows, fence) ? store(rows) : allFenced(rows.length)),
    store,
    history(dialog, before, limit, reader) {
      const others = [...nodes].filter(([node]) => node !== reader).map(([, { floor }]) => floor);
      const rows = [...byId.values()]
        .filter((row) => row.dialog === dialog && (before === null || compareIds(row.id, before) < 0))
        .toSorted((a, b) => compareIds(a.id, b.id))
        .slice(-limit);
      const floor = others.length === 0 ? null : others.reduce((a, b) => (a < b ? a : b)).toString();
      return { rows, epoch: shard.epoch, floor };
    },
    find: (dialog, author, client) => byClient.get(clientKey({ dialog, author, client }))?.id ?? null,
    take(token) {
      shard.mover = Math.max(shard.mover, token);
      return shard.mover;
    },
    scan: (after, { below, from = "0" }, limit) =>
      [...byId.values()]
        .filter(({ id }) => compareIds(id, from) >= 0 && compareIds(id, below) < 0)
        .filter((row) => after === null || compareKeys(row, after) > 0)
        .toSorted(compareKeys)
        .slice(0, limit),
    copy,
    digest(keys) {
      const rows = keys.flatMap((key) => byId.get(idKey(key)) ?? []);
      return { rows: rows.length, sum: rows.reduce((sum, row) => sum + md5Start(row), 0n) };
    },
    remove: (keys, token) => (shard.mover === token ? keys.filter(drop).length : "fenced"),
    ids: (keys) => keys.map((key) => byClient.get(clientKey(key))?.id ?? null),
    all: () => [...byId.values()],
  };
}

const MAX = 2n ** 63n - 1n;

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function idKey({ dialog, id }: MessageKey): string {
  return `${dialog}/${id}`;
}

function clientKey({ author, client, dialog }: ClientKey): string {
  return `${dialog}/${author}/${client}`;
}

/** Dialog ids are ASCII, so that their letters are their bytes. */
function compareKeys(a: MessageKey, b: MessageKey): number {
  if (a.dialog !== b.dialog) return a.dialog < b.dialog ? -1 : 1;
  return compareIds(a.id, b.id);
}

function md5Start({ author, client, dialog, id, recipient, text }: MessageRow): bigint {
  const whole = [dialog, id, author, recipient, Buffer.byteLength(client), client, text].join(":");
  return BigInt(`0x${hash("md5", whole).slice(0, 12)}`);
}
