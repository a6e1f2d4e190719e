import type { RowDataPacket } from "mysql2";
import { ConfigError } from "../config-error.ts";
import { databaseError } from "./mysql-errors.ts";
import { FENCE_TABLES, MOVER_COLUMN } from "./mysql-fence.ts";
import { mysqlLink } from "./mysql-link.ts";
import type { MysqlLink } from "./mysql-link.ts";
import type { MysqlSpec } from "./url.ts";

/**
 * What every connection sets: nothing is cut short or repaired in silence, whatever the server's own mode is. MySQL
 * would tell a table's size from a cache of up to a day; MariaDB has none and takes the setting for a comment.
 */
export const SESSION =
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1" +
  " /*!80013 , information_schema_stats_expiry = 0 */";

/**
 * Collations that compare code points and do not pad: 'a', 'a ' and 'A' are three client ids. MySQL (and TiDB) have the
 * first, MariaDB the second; both have utf8mb4_bin, which pads.
 */
const COLLATIONS = ["utf8mb4_0900_bin", "utf8mb4_nopad_bin"];

/** ER_BAD_DB_ERROR, ER_BAD_FIELD_ERROR, ER_DUP_FIELDNAME, and what two servers that create at once may meet. */
const NO_DATABASE = 1049;
const NO_COLUMN = 1054;
const HAS_COLUMN = 1060;
const CREATED_AT_ONCE: ReadonlySet<number> = new Set([1007, 1050, 1205, 1213, 1684]);
const TRIES = 5;
const SCHEMA_MS = 30_000;

/**
 * Creates the database and the tables that are not there; several servers may do so at once.
 *
 * @throws {ConfigError} BAD_DATABASE when the database cannot hold messages
 * @throws {StoreError} when it cannot be reached or refuses
 */
export async function prepareSchema(spec: MysqlSpec): Promise<void> {
  // Before there are tables nothing can be said of whose shard it is, so this connection serves nothing else.
  const link = mysqlLink(spec, SESSION);
  try {
    await createTables(spec, link);
  } finally {
    link.drop("done");
  }
}

async function createTables(spec: MysqlSpec, link: MysqlLink): Promise<void> {
  const collation = await findCollation(spec, link);
  const sql = `CREATE TABLE IF NOT EXISTS message (
    dialog VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id BIGINT UNSIGNED NOT NULL,
    id_author BIGINT UNSIGNED NOT NULL,
    id_recipient BIGINT UNSIGNED NOT NULL,
    client_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE ${collation} NOT NULL,
    text VARCHAR(4096) CHARACTER SET utf8mb4 COLLATE ${collation} NOT NULL,
    PRIMARY KEY (dialog, id),
    UNIQUE KEY author_client (dialog, id_author, client_id)
  ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`;
  for (const one of [sql, ...FENCE_TABLES]) await atOnce(() => link.query(one, [], SCHEMA_MS));
  await addMoverColumn(link);
  try {
    await link.query("SELECT dialog, id, id_author, id_recipient, client_id, text FROM message LIMIT 0", [], SCHEMA_MS);
  } catch (error) {
    if (databaseError(error).errno !== NO_COLUMN) throw error;
    const text = `${spec.database} on ${spec.host}:${spec.port} has a table "message" of something else; name another database`;
    throw new ConfigError("BAD_DATABASE", text);
  }
}

/** A database from before there was a mover. */
async function addMoverColumn(link: MysqlLink): Promise<void> {
  try {
    await link.query("SELECT mover FROM hotshard_shard LIMIT 0", [], SCHEMA_MS);
  } catch (error) {
    if (databaseError(error).errno !== NO_COLUMN) throw error;
    // MySQL has no ADD COLUMN IF NOT EXISTS.
    const add = () => link.query(`ALTER TABLE hotshard_shard ADD COLUMN ${MOVER_COLUMN}`, [], SCHEMA_MS);
    await atOnce(add).catch((failure: unknown) => {
      if (databaseError(failure).errno !== HAS_COLUMN) throw failure;
    });
  }
}

async function findCollation(spec: MysqlSpec, link: MysqlLink): Promise<string> {
  const names = COLLATIONS.map((name) => `'${name}'`).join(", ");
  const sql = `SHOW COLLATION WHERE Collation IN (${names})`;
  let rows: RowDataPacket[];
  try {
    rows = await link.query<RowDataPacket[]>(sql, [], SCHEMA_MS);
  } catch (error) {
    if (databaseError(error).errno !== NO_DATABASE) throw error;
    await createDatabase(spec);
    rows = await link.query<RowDataPacket[]>(sql, [], SCHEMA_MS);
  }
  const has = new Set(rows.map((row) => String(row["Collation"])));
  const found = COLLATIONS.find((name) => has.has(name));
  if (found !== undefined) return found;
  const text = `${spec.host}:${spec.port} has none of ${COLLATIONS.join(", ")}; use MySQL 8 or MariaDB 10.11 or newer`;
  throw new ConfigError("BAD_DATABASE", text);
}

async function createDatabase(spec: MysqlSpec): Promise<void> {
  const link = mysqlLink(spec, SESSION, { overrides: { database: "" } });
  try {
    await atOnce(() => link.query(`CREATE DATABASE IF NOT EXISTS \`${spec.database}\``, [], SCHEMA_MS));
  } finally {
    link.drop("done");
  }
}

async function atOnce(create: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await create();
      return;
    } catch (error) {
      if (!CREATED_AT_ONCE.has(databaseError(error).errno ?? 0) || tries === TRIES) throw error;
    }
  }
}
