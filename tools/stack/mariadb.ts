import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Command, Part } from "./contract.ts";

export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface MariadbServer {
  readonly folder: string;
  readonly port: number;
  readonly account: Account;
}

const CONNECT_MS = 2_000;

/**
 * Makes the files of new servers: the system tables once, then a copy for each folder that is not there yet. A folder
 * appears whole or not at all.
 *
 * @throws {Error} with the installer's own words
 */
export async function installMariadb(installer: string, folders: readonly string[]): Promise<void> {
  const missing = folders.filter((folder) => !existsSync(folder));
  if (missing.length === 0) return;
  const template = `${missing[0]!}.new`;
  await rm(template, { recursive: true, force: true });
  await mkdir(template, { recursive: true, mode: 0o700 });
  const options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
  await promisify(execFile)(installer, [
    "--no-defaults",
    `--datadir=${template}`,
    ...options,
    "--innodb-log-file-size=16M",
    ...asRoot(),
  ]);
  for (const folder of missing.slice(1)) {
    const copy = `${folder}.new`;
    await rm(copy, { recursive: true, force: true });
    await cp(template, copy, { recursive: true });
    await rename(copy, folder);
  }
  await rename(template, missing[0]!);
}

/**
 * The command of one server on loopback, durable at every commit. At each start it sees to the account, and that root
 * comes in by the socket of its folder alone.
 */
export async function mariadbCommand(program: string, { folder, port, account }: MariadbServer): Promise<Command> {
  const init = join(folder, "init.sql");
  await writeFile(init, initStatements(account), { mode: 0o600 });
  return {
    program,
    args: [
      "--no-defaults",
      `--datadir=${folder}`,
      // Relative to the folder: the path of a socket holds 108 characters at most.
      "--socket=socket",
      "--pid-file=pid",
      "--log-error=error.log",
      `--init-file=${init}`,
      "--bind-address=127.0.0.1",
      `--port=${port}`,
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=1",
      "--innodb-buffer-pool-size=32M",
      "--innodb-log-file-size=16M",
      "--key-buffer-size=1M",
      "--performance-schema=OFF",
      ...asRoot(),
    ],
  };
}

/** Shard URL of a database there. */
export function mariadbUrl({ port, account }: MariadbServer, database: string): string {
  return `mysql://${account.user}:${encodeURIComponent(account.password)}@127.0.0.1:${port}/${database}`;
}

/** What it says of its version, or null while it does not answer. */
export async function mariadbVersion({ port, account }: MariadbServer): Promise<string | null> {
  try {
    const connection = await createConnection({ host: "127.0.0.1", port, connectTimeout: CONNECT_MS, ...account });
    const [rows] = await connection.query<RowDataPacket[]>("SELECT VERSION() AS version");
    await connection.end();
    return String(rows[0]?.["version"]);
  } catch {
    return null;
  }
}

/** A MariaDB as a part of the stack; its folder is there already. */
export function mariadbPart(program: string, name: string, server: MariadbServer): Part {
  return {
    name,
    address: `mysql://127.0.0.1:${server.port}`,
    port: server.port,
    prepare: () => mariadbCommand(program, server),
    isReady: async () => (await mariadbVersion(server)) !== null,
    version: () => mariadbVersion(server),
  };
}

/** Each statement on a line of its own, as the server wants it. */
function initStatements({ user, password }: Account): string {
  const who = `'${user}'@'127.0.0.1'`;
  return [
    `CREATE USER IF NOT EXISTS ${who};`,
    `ALTER USER ${who} IDENTIFIED BY '${password.replaceAll(/['\\]/gu, String.raw`\$&`)}';`,
    `GRANT ALL ON *.* TO ${who} WITH GRANT OPTION;`,
    "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';",
    "",
  ].join("\n");
}

function asRoot(): string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}
