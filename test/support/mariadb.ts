import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../tools/stack/programs.ts";
import {
  installMariadb,
  mariadbCommand,
  mariadbUrl,
  mariadbVersion,
  type MariadbServer,
} from "../../tools/stack/mariadb.ts";
import { unusedPort } from "./server.ts";

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

/**
 * Starts `count` servers side by side, each with its own files, or takes them from HOTSHARD_TEST_MYSQL.
 * @param options of the servers' own; with them they are always started here
 */
export async function startMariadbs(count: number, options: readonly string[] = []): Promise<Mariadb[] | null> {
  const given = (process.env["HOTSHARD_TEST_MYSQL"] ?? "").split(",").filter((url) => url !== "");
  if (given.length > 0 && options.length === 0)
    return Array.from({ length: count }, (_, index) => existing(given[index % given.length]!, index));
  const program = await findProgram(["mariadbd"]);
  const installer = await findProgram(["mariadb-install-db"]);
  if (program === null || installer === null) return null;
  const root = mkdtempSync(join(tmpdir(), "hotshard-mariadb-"));
  const folders = Array.from({ length: count }, (_, index) => join(root, String(index)));
  await installMariadb(installer, folders);
  let running = count;
  const removeRoot = (): void => {
    running -= 1;
    if (running === 0) rmSync(root, { recursive: true, force: true });
  };
  return Promise.all(folders.map((folder) => start(program, folder, options, removeRoot)));
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

async function start(
  program: string,
  folder: string,
  options: readonly string[],
  onRemoved: () => void,
): Promise<Mariadb> {
  const port = await unusedPort();
  const database = { folder, port, account: { user: USER, password: PASSWORD } };
  let server = await launch(program, database, options);

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  return {
    url: (name) => mariadbUrl(database, name),
    port,
    pid: () => server.pid ?? null,
    kill: () => end("SIGKILL"),
    async restart() {
      server = await launch(program, database, options);
    },
    async stop() {
      // Its files go with it, so nothing needs an orderly end.
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      onRemoved();
    },
  };
}

async function launch(program: string, database: MariadbServer, options: readonly string[]): Promise<ChildProcess> {
  const { args } = await mariadbCommand(program, database);
  const server = spawn(program, [...args, ...options], { stdio: "ignore" });
  const exit = once(server, "exit");
  // A test that is killed must not leave a server behind.
  const onExit = (): void => void server.kill("SIGKILL");
  process.once("exit", onExit);
  void exit.then(() => process.off("exit", onExit));
  const deadline = Date.now() + START_MS;
  while ((await mariadbVersion(database)) === null) {
    if (server.exitCode !== null || server.signalCode !== null || Date.now() > deadline) {
      server.kill("SIGKILL");
      const log = join(database.folder, "error.log");
      throw new Error(`mariadbd did not start:\n${readFileSync(log, "utf8").slice(-2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return server;
}
