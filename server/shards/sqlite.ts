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
} from "./contract.ts";
import type { Copied, Digest, MessageKey } from "./moves.ts";
import { createRowCount } from "./row-count.ts";
import { createSqliteConnection } from "./sqlite-connection.ts";
import type { SqliteRead, SqliteReadRequest, SqliteSize } from "./sqlite-reader.ts";
import { createSqliteThread } from "./sqlite-thread.ts";
import type { SqliteRequest } from "./sqlite-worker.ts";
import type { SqliteSpec } from "./url.ts";

/** A thread that read whole tables ends after so long. */
const REST_MS = 2_000;

export interface SqliteOptions {
  readonly onWait?: OnWait | undefined;
  /** The file grows to so many pages of 4 KiB; for tests of a full disk. */
  readonly maxPages?: number;
}

/**
 * A shard in one SQLite file (WAL, `synchronous=FULL`), driven by threads so that no disk wait blocks the event loop:
 * one writes, one reads, and one is there while whole tables are read or moved, so that none of them waits for another.
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
  let rest: NodeJS.Timeout | undefined;
  const threads = [reads, audits, writes];
  const connection = createSqliteConnection(file, writes);

  /** Nobody reads a file that this process does not own. */
  function read<T>(request: SqliteRead): Promise<T> {
    return connection.use((cluster) => reads.call<T>({ cluster, read: request }));
  }

  /** Its thread rests for a while: who moves a table reads page after page. */
  function audit<T>(request: SqliteRead): Promise<T> {
    clearTimeout(rest);
    return connection.use(async (cluster) => {
      try {
        return await audits.call<T>({ cluster, read: request });
      } finally {
        clearTimeout(rest);
        if (audits.isRunning()) rest = setTimeout(endIdle, REST_MS).unref();
      }
    });
  }

  function endIdle(): void {
    if (audits.isIdle()) void audits.end("nothing is asked of it");
  }

  const rowCount = createRowCount(
    () => audit<number>(["rows"]),
    () => performance.now(),
  );

  return {
    engine: "sqlite",
    open: (onConnect) => connection.open(onConnect),
    async insert(rows, { node, incarnation, epoch }) {
      const fence = [node, incarnation, epoch, smallestId(rows)] as const;
      const inserted = await connection.write<Inserted | null | "fenced">(["insert", fence, flatten(rows)]);
      if (inserted === "fenced") return allFenced(rows.length);
      rowCount.add(rows.length - (inserted?.others.size ?? 0));
      return inserted ?? ALL_INSERTED;
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
    ids: (keys) => audit(["ids", keys.flatMap(({ author, client, dialog }) => [dialog, author, client])]),
    take: (token) => connection.write<number>(["take", token]),
    scan(after, { from = "0", below }, limit) {
      const { dialog, id } = after ?? { dialog: "", id: "0" };
      return audit<MessageRow[]>(["scan", dialog, id, from, below, limit]);
    },
    async copy(rows, token) {
      const copied = await connection.write<Copied>(["copy", token, flatten(rows)]);
      if (copied.outcome === "stored") rowCount.add(copied.rows);
      return copied;
    },
    digest: (keys) => audit<Digest>(["digest", JSON.stringify(keys.map(({ dialog, id }) => [dialog, id]))]),
    async remove(keys, token) {
      const removed = await connection.write<number | "fenced">(["remove", token, flattenKeys(keys)]);
      if (removed !== "fenced") rowCount.add(-removed);
      return removed;
    },
    async size() {
      const { bytes, hasHoles, rows } = await read<SqliteSize>(["size"]);
      return { bytes, rows: hasHoles ? ((await rowCount.read()) ?? rows) : rows };
    },
    connections: () => threads.filter((thread) => thread.isRunning()).length,
    async ping() {
      await connection.write(["ping"]);
    },
    abandon() {
      for (const thread of [reads, audits]) void thread.end("given up after it hung");
      connection.abandon();
    },
    async close() {
      clearTimeout(rest);
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

function flattenKeys(keys: readonly MessageKey[]): string[] {
  return keys.flatMap(({ dialog, id }) => [dialog, id]);
}
