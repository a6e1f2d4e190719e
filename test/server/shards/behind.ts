import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import type { ShardStore } from "../../../server/shards/contract.ts";
import { parseShardUrl, type MysqlSpec } from "../../../server/shards/url.ts";

/** What the suite does to a database behind a store's back. */
export interface Behind {
  /** The shard URL of a database by name: the same name is the same database. */
  readonly url: (place: string) => string;
  readonly sql: (place: string, statements: readonly string[]) => Promise<void>;
  /** Ends every connection to it, with what is under way there. */
  readonly cut: (place: string, store: ShardStore) => Promise<void>;
  /** From now on the name means the other database, which nobody has open. */
  readonly swap: (place: string, other: string) => Promise<void>;
}

/** @param query of the shard URLs */
export function sqliteFiles(folder: string, prefix: string, query: string): Behind {
  const file = (place: string): string => join(folder, `${prefix}${place}.db`);
  return {
    url: (place) => `sqlite:${file(place)}${query}`,
    async sql(place, statements) {
      const db = new DatabaseSync(file(place));
      for (const statement of statements) db.exec(statement);
      db.close();
    },
    // Its threads are its connections.
    cut: async (_place, store) => store.abandon!(),
    async swap(place, other) {
      for (const end of ["-wal", "-shm"]) rmSync(`${file(place)}${end}`, { force: true });
      renameSync(file(other), file(place));
    },
  };
}

async function kill(admin: Connection, database: string): Promise<void> {
  const [found] = await admin.query<RowDataPacket[]>("SELECT id FROM information_schema.processlist WHERE db = ?", [
    database,
  ]);
  for (const { id } of found as { id: number }[]) await admin.query(`KILL ${id}`);
}

async function asAdmin(url: string, run: (admin: Connection, database: string) => Promise<void>): Promise<void> {
  const { host, port, user, password, database } = parseShardUrl(url) as MysqlSpec;
  const admin = await createConnection({ host, port, user, password });
  try {
    await run(admin, database);
  } finally {
    await admin.end();
  }
}

/** @param url of a database by name */
export function mysqlDatabases(url: Behind["url"]): Behind {
  return {
    url,
    sql: (place, statements) =>
      asAdmin(url(place), async (admin, database) => {
        await admin.query(`USE ${database}`);
        for (const statement of statements) await admin.query(statement);
      }),
    cut: (place, store) =>
      asAdmin(url(place), async (admin, database) => {
        await kill(admin, database);
        // Until their ends have arrived here.
        while (store.connections() > 0) await new Promise((resolve) => setImmediate(resolve));
      }),
    swap: (place, other) =>
      asAdmin(url(place), async (admin, database) => {
        const tables = ["message", "hotshard_shard", "hotshard_fence"];
        for (const table of tables) {
          await admin.query(`DROP TABLE ${database}.${table}`);
          await admin.query(
            `RENAME TABLE ${(parseShardUrl(url(other)) as MysqlSpec).database}.${table} TO ${database}.${table}`,
          );
        }
        await kill(admin, database);
      }),
  };
}
