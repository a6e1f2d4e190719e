import type { ReadOperation, ShardMeter, ShardReading } from "../observability/probe.ts";
import type { ShardStatus } from "../protocol/http.ts";
import type { HistoryPart, MessageRow, ShardStore } from "./contract.ts";
import type { ShardMoves } from "./moves.ts";
import type { OutageLog } from "./outage-log.ts";
import { watchSize, type ShardSize } from "./shard-size.ts";
import type { ShardSpec } from "./url.ts";
import type { Writer } from "./writer.ts";

/** One shard of this server: its store for reads, its writer for messages; every operation is measured. */
export interface Shard
  extends
    Pick<ShardStore, "find" | "audit" | "auditDialogs" | "ping">,
    Pick<ShardStore, "admit" | "beat" | "fences" | "retire" | "seal">,
    ShardMoves {
  readonly label: string;
  readonly spec: ShardSpec;
  readonly writer: Writer;
  /** Set when the shard is in the set. */
  meter: ShardMeter;
  /** As this node sees it. */
  history(dialog: string, before: string | null, limit: number): Promise<HistoryPart>;
  state(): "up" | "down";
  /** The smallest message id that is queued or being committed, or null. */
  oldestPending(): string | null;
  status(): ShardStatus;
  reading(): ShardReading;
  /** Answers what is queued and closes the store. */
  close(): Promise<void>;
}

interface ShardParts {
  readonly label: string;
  readonly spec: ShardSpec;
  readonly store: ShardStore;
  readonly writer: Writer;
  /** Until the shard is in the set. */
  readonly meter: ShardMeter;
  readonly outages: Pick<OutageLog, "list">;
  /** Number of this server; it may get another while it runs. */
  readonly node: () => number;
  /** What it holds; by default it is looked at from time to time. */
  readonly size?: ShardSize;
}

export function createShard(parts: ShardParts): Shard {
  const { label, meter, node, outages, spec, store, writer } = parts;
  const { size = watchSize(store, () => writer.state() === "up") } = parts;

  async function measured<T>(op: ReadOperation, call: () => Promise<T>): Promise<T> {
    const start = performance.now();
    let ok = false;
    try {
      const value = await call();
      ok = true;
      return value;
    } finally {
      shard.meter.read(op, (performance.now() - start) / 1_000, ok);
    }
  }

  const shard: Shard = {
    label,
    spec,
    writer,
    meter,
    state: () => writer.state(),
    oldestPending: () => writer.oldestPending(),
    history: (dialog, before, limit) => measured("history", () => store.history(dialog, before, limit, node())),
    find: (dialog, author, client) => measured("find", () => store.find(dialog, author, client)),
    audit: (run) => measured("audit", () => store.audit(run)),
    auditDialogs: (run, periods) => measured("audit", () => store.auditDialogs(run, periods)),
    admit: (fence, from) => store.admit(fence, from),
    beat: (fence, floor) => store.beat(fence, floor),
    fences: () => store.fences(),
    ping: () => store.ping(),
    retire: (of, incarnation) => store.retire(of, incarnation),
    seal: (epoch, closedBelow) => store.seal(epoch, closedBelow),
    take: (token) => store.take(token),
    scan: (after, range, limit) => store.scan(after, range, limit),
    copy: (rows, token) => store.copy(rows, token),
    digest: (keys) => store.digest(keys),
    remove: (keys, token) => store.remove(keys, token),
    ids: (keys) => store.ids(keys),
    status: () => ({
      label,
      engine: store.engine,
      durability: writer.durability(),
      shaped: spec.shaped,
      state: writer.state(),
      queueRows: writer.queueRows(),
      writer: writer.totals(),
      outages: outages.list(),
    }),
    reading: () => ({
      up: writer.state() === "up",
      connections: store.connections(),
      queueRows: writer.queueRows(),
      queueBytes: writer.queueBytes(),
      queueAgeMs: writer.queueAgeMs(),
      storedRows: size.last().rows,
      storedBytes: size.last().bytes,
    }),
    close() {
      size.stop();
      return writer.close();
    },
  };
  return shard;
}

/** Bytes that a waiting row is counted with: its strings at two bytes a character, and the objects around them. */
export function rowBytes(row: MessageRow): number {
  return 200 + 2 * (row.text.length + row.client.length + row.dialog.length);
}
