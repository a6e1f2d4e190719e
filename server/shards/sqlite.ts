import { ALL_INSERTED, allFenced, smallestId } from "./contract.ts";
import type {
  AuditSum,
  DialogSum,
  FenceRow,
  HistoryPart,
  Inserted,
  MessageRow,
  OnWait,
  ShardStore,
  StoredSize,
} from "./contract.ts";
import { createSqliteConnection } from "./sqlite-connection.ts";
import type { SqliteRead, SqliteReadRequest } from "./sqlite-reader.ts";
import { createSqliteThread } from "./sqlite-thread.ts";
import type { SqliteRequest } from "./sqlite-worker.ts";
import type { SqliteSpec } from "./url.ts";

export interface SqliteOptions {
  readonly onWait?: OnWait | undefined;
  /** The file grows to so many pages of 4 KiB; for tests of a full disk. */
  readonly maxPages?: number;
}

/**
 * A shard in one SQLite file (WAL, `synchronous=FULL`), driven by threads so that no disk wait blocks the event loop:
 * one writes, one reads, and one is there while an audit reads whole tables, so that none of them waits for another.
 * The file belongs to one process: `open` in a second one throws ConfigError SHARD_IN_USE. A thread that dies takes its
 * calls with it (StoreError) and the next call starts another.
 */
export function createSqliteStore(spec: Pick<SqliteSpec, "file">, options: SqliteOptions = {}): ShardStore {
  const { file } = spec;
  const { onWait } = options;
  const writes = createSqliteThread<SqliteRequest>(
    "sqlite-worker",
    { file, maxPages: options.maxPages ?? null },
    onWait,
  );
  const reads = createSqliteThread<SqliteReadRequest>("sqlite-reader", { file }, onWait);
  const audits = createSqliteThread<SqliteReadRequest>("sqlite-reader", { file }, onWait);
  const threads = [reads, audits, writes];
  const connection = createSqliteConnection(file, writes);

  /** Nobody reads a file that this process does not own. */
  function read<T>(request: SqliteRead): Promise<T> {
    return connection.use((cluster) => reads.call<T>({ cluster, read: request }));
  }

  function audit<T>(request: SqliteRead): Promise<T> {
    return connection.use(async (cluster) => {
      try {
        return await audits.call<T>({ cluster, read: request });
      } finally {
        if (audits.isIdle()) void audits.end("its audit is done");
      }
    });
  }

  return {
    engine: "sqlite",
    open: (onConnect) => connection.open(onConnect),
    async insert(rows, { node, incarnation, epoch }) {
      const fence = [node, incarnation, epoch, smallestId(rows)] as const;
      const inserted = await connection.write<Inserted | null | "fenced">(["insert", fence, flatten(rows)]);
      return inserted === "fenced" ? allFenced(rows.length) : (inserted ?? ALL_INSERTED);
    },
    seal: (epoch, closedBelow) => connection.write(["seal", epoch, String(closedBelow)]),
    admit: ({ node, incarnation, epoch }, from) => connection.write(["admit", node, incarnation, epoch, String(from)]),
    beat: ({ node, incarnation }, floor) => connection.write(["beat", node, incarnation, String(floor)]),
    retire: (node, incarnation) => connection.write(["retire", node, incarnation]),
    fences: () => connection.write<FenceRow[]>(["fences"]),
    history: (dialog, before, limit, node) => read<HistoryPart>(["history", dialog, before, limit, node]),
    find: (dialog, author, client) => read<string | null>(["find", dialog, author, client]),
    audit: (run) => audit<AuditSum>(["audit", run]),
    auditDialogs: (run, periods) => audit<DialogSum[]>(["auditDialogs", run, periods]),
    size: () => read<StoredSize>(["size"]),
    connections: () => threads.filter((thread) => thread.isRunning()).length,
    async ping() {
      await connection.write(["ping"]);
    },
    abandon() {
      for (const thread of [reads, audits]) void thread.end("given up after it hung");
      connection.abandon();
    },
    async close() {
      connection.refuse();
      // The writer last: the last connection to leave folds the write-ahead log into the file.
      await Promise.all([reads, audits].map((thread) => thread.end("closed")));
      await connection.close();
    },
  };
}

/** One flat array of primitives: cloning it to the thread costs less than an array of objects. */
function flatten(rows: readonly MessageRow[]): (string | number)[] {
  const flat: (string | number)[] = [];
  for (const row of rows) flat.push(row.dialog, row.id, row.author, row.recipient, row.client, row.text);
  return flat;
}
