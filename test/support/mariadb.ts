import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createConnection } from "mysql2/promise";

/** A real database server for tests. `kill`, `restart` and `pid` are for servers that the test started itself. */
export interface Mariadb {
  /** Shard URL of a database there; the store creates it. */
  url(database: string): string;
  readonly port: number;
  /** Null for a server that was named by HOTSHARD_TEST_MYSQL. */
  pid(): number | null;
  /** SIGKILL, as a crash of the machine would look to its clients. */
  kill(): Promise<void>;
  /** Starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export const MARIADB_REMEDY =
  "install mariadb-server (Debian: apt-get install mariadb-server) or set HOTSHARD_TEST_MYSQL to mysql:// URLs";

const USER = "tester";
/** With characters that a URL must encode. */
const PASSWORD = "te:st@/?#%";
const START_MS = 60_000;

/** Starts one server, or takes the first of HOTSHARD_TEST_MYSQL. @returns null when there is neither */
export async function startMariadb(): Promise<Mariadb | null> {
  return (await startMariadbs(1))?.[0] ?? null;
}

/** Starts `count` servers side by side, each with its own files, or takes them from HOTSHARD_TEST_MYSQL. */
export async function startMariadbs(count: number): Promise<Mariadb[] | null> {
  const given = (process.env["HOTSHARD_TEST_MYSQL"] ?? "").split(",").filter((url) => url !== "");
  if (given.length > 0)
    return Array.from({ length: count }, (_, index) => existing(given[index % given.length]!, index));
  const program = find("mariadbd");
  const installer = find("mariadb-install-db");
  if (program === null || installer === null) return null;
  const root = mkdtempSync(join(tmpdir(), "hotshard-mariadb-"));
  const template = join(root, "template");
  install(installer, template);
  let running = count;
  const removeRoot = (): void => {
    running -= 1;
    if (running === 0) rmSync(root, { recursive: true, force: true });
  };
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const folder = join(root, String(index));
      cpSync(template, folder, { recursive: true });
      return start(program, folder, removeRoot);
    }),
  );
}

function existing(url: string, index: number): Mariadb {
  const parsed = new URL(url);
  return {
    url(database) {
      const own = new URL(url);
      own.pathname = `/${database}_${index}_${process.pid}`;
      return own.href;
    },
    port: Number(parsed.port || 3306),
    pid: () => null,
    kill: unsupported,
    restart: unsupported,
    stop: () => Promise.resolve(),
  };
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error("HOTSHARD_TEST_MYSQL servers are not ours to stop"));
}

function find(program: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  for (const folder of folders) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

function install(installer: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const result = spawnSync(
    installer,
    [
      "--no-defaults",
      `--datadir=${folder}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
      "--innodb-log-file-size=16M",
      ...asRoot(),
    ],
    { encoding: "utf8" },
  );
  if (result.status !== 0) throw new Error(`mariadb-install-db failed: ${result.stderr}${result.stdout}`);
}

function asRoot(): string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

async function start(program: string, folder: string, onRemoved: () => void): Promise<Mariadb> {
  const port = await freePort();
  let server = await launch(program, folder, port);
  await addUser(join(folder, "socket"));

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  return {
    url: (database) => `mysql://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`,
    port,
    pid: () => server.pid ?? null,
    kill: () => end("SIGKILL"),
    async restart() {
      server = await launch(program, folder, port);
    },
    async stop() {
      // Its files go with it, so nothing needs an orderly end.
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      onRemoved();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  server.close();
  await once(server, "close");
  return address.port;
}

async function launch(program: string, folder: string, port: number): Promise<ChildProcess> {
  const log = join(folder, "error.log");
  const server = spawn(
    program,
    [
      "--no-defaults",
      `--datadir=${folder}`,
      `--socket=${join(folder, "socket")}`,
      `--pid-file=${join(folder, "pid")}`,
      `--log-error=${log}`,
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
    { stdio: "ignore" },
  );
  const exit = once(server, "exit");
  // A test that is killed must not leave a server behind.
  const onExit = (): void => void server.kill("SIGKILL");
  process.once("exit", onExit);
  void exit.then(() => process.off("exit", onExit));
  const deadline = Date.now() + START_MS;
  while (!(await answers(join(folder, "socket")))) {
    if (server.exitCode !== null || server.signalCode !== null || Date.now() > deadline) {
      server.kill("SIGKILL");
      throw new Error(`mariadbd did not start:\n${readFileSync(log, "utf8").slice(-2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return server;
}

async function answers(socketPath: string): Promise<boolean> {
  try {
    const connection = await createConnection({ socketPath, user: "root" });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

async function addUser(socketPath: string): Promise<void> {
  const connection = await createConnection({ socketPath, user: "root" });
  await connection.query(`CREATE USER '${USER}'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'`);
  await connection.query(`GRANT ALL ON *.* TO '${USER}'@'127.0.0.1' WITH GRANT OPTION`);
  await connection.end();
}
