import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ConfigError } from "../placement/contract.ts";
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
import type { SqliteRequest, SqliteReply } from "./sqlite-worker.ts";
import type { SqliteSpec } from "./url.ts";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** When it was asked, ms. */
  readonly since: number;
}

export interface SqliteOptions {
  readonly onWait?: OnWait | undefined;
  /** The file grows to so many pages of 4 KiB; for tests of a full disk. */
  readonly maxPages?: number;
}

/**
 * A shard in one SQLite file (WAL, `synchronous=FULL`), driven by a worker thread of its own so that no disk wait
 * blocks the event loop. The file belongs to one process: `open` in a second one throws ConfigError SHARD_IN_USE. A
 * worker that dies takes its calls with it (StoreError) and the next call starts another.
 */
export function createSqliteStore(spec: Pick<SqliteSpec, "file">, options: SqliteOptions = {}): ShardStore {
  const { file } = spec;
  const { onWait } = options;
  const pending: Pending[] = [];
  let worker: Worker | null = null;
  /** The worker that is on its way out and still holds the file. */
  let leaving: Promise<unknown> = Promise.resolve();

  function lose(reason: string): void {
    worker = null;
    for (const call of pending.splice(0)) call.reject(new StoreError(`sqlite:${file}: ${reason}`, true));
  }

  function start(): Worker {
    // The compiled package has `.js` beside `.js`.
    const code = new URL(`./sqlite-worker${extname(import.meta.url)}`, import.meta.url);
    const made = new Worker(code, {
      workerData: { file, maxPages: options.maxPages ?? null },
      // Not the flags of the process: some do not suit a thread. Node 22 still warns of node:sqlite.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    made.on("message", (reply: SqliteReply) => {
      if (made !== worker) return;
      settle(pending.shift()!, reply, file);
      const next = pending[0];
      if (next !== undefined) onWait?.((performance.now() - next.since) / 1_000);
    });
    made.on("error", (error: Error) => {
      if (made === worker) lose(`its thread failed: ${error.message}`);
    });
    made.on("exit", () => {
      if (made === worker) lose("its thread ended");
    });
    return made;
  }

  function call<T>(request: SqliteRequest): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      worker ??= start();
      if (pending.length === 0) onWait?.(0);
      pending.push({ resolve: resolve as (value: unknown) => void, reject, since: performance.now() });
      worker.postMessage(request);
    });
  }

  function end(reason: string): void {
    const old = worker;
    lose(reason);
    if (old !== null) leaving = old.terminate();
  }

  return {
    engine: "sqlite",
    async open() {
      await leaving;
      return call<Durability>(["open"]);
    },
    async insert(rows) {
      return (await call<Inserted | null>(["insert", flatten(rows)])) ?? ALL_INSERTED;
    },
    history: (dialog, before, limit) => call<MessageRow[]>(["history", dialog, before, limit]),
    find: (dialog, author, client) => call<string | null>(["find", dialog, author, client]),
    audit: (run) => call<AuditSum>(["audit", run]),
    auditDialogs: (run, periods) => call<DialogSum[]>(["auditDialogs", run, periods]),
    lastId: () => call<string>(["lastId"]),
    size: () => call<StoredSize>(["size"]),
    connections: () => (worker === null ? 0 : 1),
    async ping() {
      await leaving;
      await call(["ping"]);
    },
    abandon: () => end("given up after it hung"),
    async close() {
      if (worker !== null) await call(["close"]).catch(() => undefined);
      end("closed");
      await leaving;
    },
  };
}

function settle(call: Pending, reply: SqliteReply, file: string): void {
  if (reply.failed === undefined) return call.resolve(reply.value);
  const { kind, message, maybeStored } = reply.failed;
  const text = `sqlite:${file}: ${message}`;
  call.reject(kind === "config" ? new ConfigError(reply.failed.code, text) : new StoreError(text, maybeStored));
}

/** One flat array of primitives: cloning it to the thread costs less than an array of objects. */
function flatten(rows: readonly MessageRow[]): (string | number)[] {
  const flat: (string | number)[] = [];
  for (const row of rows) flat.push(row.dialog, row.id, row.author, row.recipient, row.client, row.text);
  return flat;
}
