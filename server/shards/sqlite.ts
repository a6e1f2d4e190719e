import { ALL_INSERTED, StoreError } from "./contract.ts";
import type {
  AuditSum,
  DialogSum,
  Durability,
  Inserted,
  MessageRow,
  OnWait,
  ShardStore,
  StoredSize,
} from "./contract.ts";
import type { SqliteRead } from "./sqlite-reader.ts";
import { createSqliteThread } from "./sqlite-thread.ts";
import type { SqliteRequest } from "./sqlite-worker.ts";
import type { SqliteSpec } from "./url.ts";

export interface SqliteOptions {
  readonly onWait?: OnWait | undefined;
  /** The file grows to so many pages of 4 KiB; for tests of a full disk. */
  readonly maxPages?: number;
}

/**
 * A shard in one SQLite file (WAL, `synchronous=FULL`), driven by threads so that no disk wait blocks the event loop: one
 * writes, one reads, and one is there while an audit reads whole tables, so that none of them waits for another. The file
 * belongs to one process: `open` in a second one throws ConfigError SHARD_IN_USE. A thread that dies takes its calls with
 * it (StoreError) and the next call starts another.
 */
export function createSqliteStore(spec: Pick<SqliteSpec, "file">, options: SqliteOptions = {}): ShardStore {
  const { file } = spec;
  const { onWait } = options;
  const writes = createSqliteThread<SqliteRequest>(
    "sqlite-worker",
    { file, maxPages: options.maxPages ?? null },
    onWait,
  );
  const reads = createSqliteThread<SqliteRead>("sqlite-reader", { file }, onWait);
  const audits = createSqliteThread<SqliteRead>("sqlite-reader", { file }, onWait);
  const threads = [reads, audits, writes];
  /** A thread that is given up still holds the file. */
  let leaving: Promise<unknown> = Promise.resolve();

  let isOwner = false;
  let isClosed = false;

  /** A call that came late would start a thread that nobody ends, and the process could not either. */
  function refuseIfClosed(): void {
    if (isClosed) throw new StoreError(`sqlite:${file}: it is closed`, false);
  }

  /** Nobody reads a file that this process does not own. */
  async function owned(): Promise<void> {
    refuseIfClosed();
    if (isOwner && writes.isRunning()) return;
    isOwner = false;
    await leaving;
    await writes.call(["ping"]);
    // It may have been closed before the answer came.
    refuseIfClosed();
    isOwner = true;
  }

  async function read<T>(request: SqliteRead): Promise<T> {
    await owned();
    return reads.call<T>(request);
  }

  async function audit<T>(request: SqliteRead): Promise<T> {
    await owned();
    try {
      return await audits.call<T>(request);
    } finally {
      if (audits.isIdle()) void audits.end("its audit is done");
    }
  }

  return {
    engine: "sqlite",
    async open() {
      isClosed = false;
      await leaving;
      return writes.call<Durability>(["open"]);
    },
    async insert(rows) {
      refuseIfClosed();
      return (await writes.call<Inserted | null>(["insert", flatten(rows)])) ?? ALL_INSERTED;
    },
    history: (dialog, before, limit) => read<MessageRow[]>(["history", dialog, before, limit]),
    find: (dialog, author, client) => read<string | null>(["find", dialog, author, client]),
    audit: (run) => audit<AuditSum>(["audit", run]),
    auditDialogs: (run, periods) => audit<DialogSum[]>(["auditDialogs", run, periods]),
    async lastId() {
      refuseIfClosed();
      return writes.call<string>(["lastId"]);
    },
    size: () => read<StoredSize>(["size"]),
    connections: () => threads.filter((thread) => thread.isRunning()).length,
    async ping() {
      refuseIfClosed();
      await leaving;
      await writes.call(["ping"]);
    },
    abandon() {
      leaving = Promise.all(threads.map((thread) => thread.end("given up after it hung")));
    },
    async close() {
      isClosed = true;
      // The writer last: the last connection to leave folds the write-ahead log into the file.
      await Promise.all([reads, audits].map((thread) => thread.end("closed")));
      if (writes.isRunning()) await writes.call(["close"]).catch(() => undefined);
      await writes.end("closed");
    },
  };
}

/** One flat array of primitives: cloning it to the thread costs less than an array of objects. */
function flatten(rows: readonly MessageRow[]): (string | number)[] {
  const flat: (string | number)[] = [];
  for (const row of rows) flat.push(row.dialog, row.id, row.author, row.recipient, row.client, row.text);
  return flat;
}
