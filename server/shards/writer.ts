import { ConfigError } from "../config-error.ts";
import type { CommitReport } from "../observability/probe.ts";
import type { WriterTotals } from "../protocol/http.ts";
import { StoreError } from "./contract.ts";
import type { Durability, Fence, Inserted, MessageRow, OnConnect, ShardStore, StoreSession } from "./contract.ts";
import { createDrains } from "./drains.ts";
import { createRowQueue, type Batch, type Failed, type Origin, type WriterLimits } from "./row-queue.ts";
import { failAll, LOST, NOT_STORED, REFUSED, UNTRIED } from "./writer-failures.ts";
import { createWriterTotals } from "./writer-totals.ts";
import { SYSTEM_CLOCK, type WriterClock } from "../clock.ts";

export interface WriterOptions {
  readonly label: string;
  readonly store: ShardStore;
  readonly limits: WriterLimits;
  /** Under which this server writes now. */
  readonly fence: () => Fence;
  /** Judges every connection to the database before it is used. */
  readonly onConnect: OnConnect;
  /** A batch that was sent under this fence was refused for it. */
  readonly onFenced?: (fence: Fence) => void;
  /** A commit that takes longer is given up: its rows are answered SHARD_UNAVAILABLE. Default 10,000. */
  readonly commitTimeoutMs?: number;
  readonly clock?: WriterClock;
  /** After every commit, before its rows are answered. */
  readonly onCommit?: (report: CommitReport) => void;
  /** The shard was lost (with the reason) or is back (null). */
  readonly onState?: (state: "up" | "down", reason: Error | null) => void;
}

export interface Writer {
  readonly label: string;
  /**
   * Opens the store. A store that cannot be reached leaves the shard down; it comes back by itself.
   * @throws {ConfigError} when waiting would not mend it
   */
  start(): Promise<void>;
  /**
   * Queues a row; rows are committed in this order.
   * @param bytes what the row counts in the queue's bound
   * @returns null when it is queued and `origin` will be told once (never within this call), else why it is
   *   refused: nothing is queued and `origin` is never told
   */
  enqueue(row: MessageRow, bytes: number, origin: Origin): Failed | null;
  /** The id of the first row that may still arrive there (the smallest, when ids ascend), or null. */
  oldestPending(): string | null;
  state(): "up" | "down";
  /** Null until the store has opened once. */
  durability(): Durability | null;
  queueRows(): number;
  queueBytes(): number;
  /** Age of the oldest row that is not answered yet, ms; 0 when there is none. */
  queueAgeMs(): number;
  totals(): WriterTotals;
  /** Resolves when every row queued so far is answered; rows that come later are not waited for. */
  drain(): Promise<void>;
  /** The last commit failed. */
  isFailing(): boolean;
  /** When the last commit that went well ended, by the writer's clock; −∞ before the first. */
  storedAt(): number;
  /** The shard is lost: answers all its rows SHARD_UNAVAILABLE at once, and takes none before it answers again. */
  giveUp(): void;
  /** Refuses new rows, answers those queued, closes the store. */
  close(): Promise<void>;
}

const PROBE_MS = { first: 250, most: 2_000 } as const;

/**
 * The group-commit writer of one shard: rows that arrive while a commit is under way go into the next one together. A
 * lone row is committed at the end of the turn of the loop after its own; no timer adds latency. The queue is bounded
 * in rows and bytes. A row that the database refuses is answered alone. When a commit fails or hangs, its rows and the
 * queued ones are answered SHARD_UNAVAILABLE, new ones are refused with it at once, and a probe brings the shard back.
 */
export function createWriter(options: WriterOptions): Writer {
  const { label, store, limits, fence, onConnect, onCommit, onFenced, onState } = options;
  const { clock = SYSTEM_CLOCK, commitTimeoutMs = 10_000 } = options;
  const maxRows = Math.max(1, Math.min(limits.maxRows, store.maxRows ?? Infinity));
  const totals = createWriterTotals(maxRows);
  const queue = createRowQueue(limits, maxRows);
  let state: "up" | "down" = "down";
  let closing = false;
  let durability: Durability | null = null;
  /** A commit is about to start; and with a full batch, which waits for none. */
  let awake = false;
  let isFull = false;
  let current: Batch | null = null;
  /** The first row of a commit that may still arrive; until the shard lets no such row in. */
  let unsure: MessageRow | null = null;
  let startedAt = 0;
  let watching = false;
  let cancelWatch: (() => void) | null = null;
  let cancelProbe: (() => void) | null = null;
  let cancelPatience: (() => void) | null = null;
  let probeMs: number = PROBE_MS.first;
  let probing: Promise<void> = Promise.resolve();
  let isFailing = false;
  let storedAt = -Infinity;
  const drains = createDrains();

  function enqueue(row: MessageRow, bytes: number, origin: Origin): Failed | null {
    if (closing) return REFUSED.stopping;
    if (state === "down") return REFUSED.down;
    if (!queue.push(row, bytes, origin, clock.now())) return REFUSED.full;
    drains.taken();
    wake();
    return null;
  }

  /**
   * Rows that come in this turn and the next go into one commit: answers bring the next messages of who waited for
   * them.
   */
  function wake(): void {
    if (current !== null) return;
    if (queue.rows() >= maxRows && !isFull) {
      isFull = true;
      clock.soon(commit);
    } else if (!awake) clock.soon(() => clock.soon(commit));
    awake = true;
  }

  function commit(): void {
    if (!awake) return;
    awake = false;
    isFull = false;
    if (current !== null || state === "down") return;
    const batch = queue.shift();
    if (batch === undefined) return;
    current = batch;
    startedAt = clock.now();
    watch(commitTimeoutMs);
    const sent = fence();
    store.insert(batch.rows, sent).then(
      (inserted) => finish(batch, sent, inserted),
      (error: Error) => fail(batch, error),
    );
  }

  function finish(batch: Batch, sent: Fence, { others, reason }: Inserted): void {
    if (batch !== current) return;
    current = null;
    isFailing = false;
    storedAt = clock.now();
    probeMs = PROBE_MS.first;
    const start = startedAt;
    const commitMs = clock.now() - start;
    const rows = batch.rows.length;
    totals.add(rows, commitMs / 1_000);
    let refused = 0;
    let isFenced = false;
    for (const other of others.values()) {
      if (typeof other === "string") refused++;
      if (other === "fenced") isFenced = true;
    }
    onCommit?.({
      rows,
      untried: 0,
      duplicates: others.size - refused,
      refused,
      ...(reason !== undefined && { reason }),
      seconds: commitMs / 1_000,
      ok: true,
      example: batch.rows[0]!,
    });
    // Before the answers: whoever looks for a row again looks by the new topology.
    if (isFenced) onFenced?.(sent);
    if (queue.rows() > 0) wake();
    for (let i = 0; i < rows; i++) {
      const other = others.get(i);
      const queueMs = start - batch.since[i]!;
      if (typeof other === "string") batch.origins[i]!.settle({ ...NOT_STORED[other], queueMs });
      else {
        const id = other?.id ?? batch.rows[i]!.id;
        batch.origins[i]!.settle({ id, duplicate: other !== undefined, queueMs, commitMs });
      }
    }
    drains.answered(rows);
  }

  function fail(batch: Batch, error: Error): void {
    if (batch !== current) return;
    current = null;
    isFailing = true;
    const now = clock.now();
    onCommit?.({
      rows: batch.rows.length,
      untried: queue.rows(),
      duplicates: 0,
      refused: error instanceof StoreError && !error.maybeStored ? batch.rows.length : 0,
      seconds: (now - startedAt) / 1_000,
      ok: false,
      example: batch.rows[0]!,
    });
    const untried = queue.clear();
    if (!(error instanceof StoreError) || error.maybeStored) unsure ??= batch.rows[0]!;
    // Down before the answers: a caller that tries again in its answer is refused instead of queued.
    goDown(error);
    failAll(batch, LOST, startedAt);
    for (const one of untried) failAll(one, UNTRIED, now);
    drains.answered(untried.reduce((sum, { rows }) => sum + rows.length, batch.rows.length));
  }

  /** One timer for many commits: it looks at the age of the one under way, so a commit costs no timer. */
  function watch(ms: number): void {
    if (watching) return;
    watching = true;
    cancelWatch = clock.after(ms, () => {
      watching = false;
      if (current === null) return;
      const left = startedAt + commitTimeoutMs - clock.now();
      if (left > 0) return watch(left);
      const hung = current;
      fail(hung, new Error(`shard ${label}: a commit did not end within ${commitTimeoutMs} ms`));
      store.abandon?.();
    });
  }

  function goDown(reason: Error): void {
    const fell = state === "up";
    state = "down";
    if (fell) onState?.("down", reason);
    if (closing) return;
    cancelProbe = clock.after(probeMs, () => {
      probing = probe();
    });
    probeMs = Math.min(probeMs * 2, PROBE_MS.most);
  }

  async function probe(): Promise<void> {
    cancelPatience = clock.after(commitTimeoutMs, () => store.abandon?.());
    try {
      if (durability === null) durability = await store.open(connect);
      else await store.ping();
      goUp();
    } catch (error) {
      goDown(error as Error);
    } finally {
      cancelPatience();
    }
  }

  /** The store bounds each step of it by itself, and the first one may look for the largest id among many. */
  function connect(session: StoreSession): Promise<void> {
    cancelPatience?.();
    return onConnect(session);
  }

  function goUp(): void {
    if (closing) return;
    state = "up";
    unsure = null;
    onState?.("up", null);
  }

  return {
    label,
    async start() {
      try {
        durability = await store.open(connect);
        goUp();
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        onState?.("down", error as Error);
        goDown(error as Error);
      }
    },
    enqueue,
    oldestPending: () => (unsure ?? current?.rows[0] ?? queue.first())?.id ?? null,
    state: () => state,
    durability: () => durability,
    queueRows: () => queue.rows(),
    queueBytes: () => queue.bytes(),
    queueAgeMs() {
      const oldest = current?.since[0] ?? queue.oldest();
      return oldest === undefined ? 0 : clock.now() - oldest;
    },
    totals: totals.read,
    isFailing: () => isFailing,
    storedAt: () => storedAt,
    drain: () => drains.wait(),
    giveUp() {
      if (current === null) return;
      fail(current, new Error(`shard ${label}: given up, as it was taken out of the topology`));
      store.abandon?.();
    },
    async close() {
      closing = true;
      cancelProbe?.();
      await drains.wait();
      cancelWatch?.();
      if (state === "down") store.abandon?.();
      await probing;
      await store.close();
    },
  };
}
