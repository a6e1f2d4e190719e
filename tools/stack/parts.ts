import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MissingProgramError } from "../../loadtest/drivers/missing-program.ts";
import { findProgram, LOKI, PROMETHEUS } from "./programs.ts";
import { chatServerPart } from "./chat-server.ts";
import type { Part, Ports } from "./contract.ts";
import { lokiPart } from "./loki.ts";
import { mariadbPart, mariadbUrl, type MariadbServer } from "./mariadb.ts";
import { prometheusPart } from "./prometheus.ts";

/** Paths of what a stack is made of. */
export interface Programs {
  readonly mariadb: string;
  readonly installer: string;
  readonly prometheus: string;
  readonly loki: string | null;
}

/** The parts in the order of their start: what needs another comes after it. */
export interface Parts {
  readonly databases: readonly Part[];
  /** Folders of the databases, for their installation. */
  readonly databaseFolders: readonly string[];
  readonly others: readonly Part[];
}

const USER = "hotshard";

/** @throws {MissingProgramError} PROGRAM_MISSING, with everything that is missing and how to get it */
export async function findPrograms(): Promise<Programs> {
  const [mariadb, installer, prometheus, loki] = await Promise.all([
    findProgram(["mariadbd"]),
    findProgram(["mariadb-install-db"]),
    findProgram(PROMETHEUS),
    findProgram(LOKI),
  ]);
  const missing = [
    ...(mariadb === null || installer === null ? ["mariadbd (Debian: mariadb-server; Homebrew: mariadb)"] : []),
    ...(prometheus === null ? ["prometheus (Debian and Homebrew: prometheus)"] : []),
  ];
  if (mariadb !== null && installer !== null && prometheus !== null) return { mariadb, installer, prometheus, loki };
  throw new MissingProgramError(
    "PROGRAM_MISSING",
    `the stack needs ${missing.join(" and ")}; install it, or use \`docker compose up\`, which brings everything`,
  );
}

/** @param folder the stack's own, absolute */
export async function describeParts(folder: string, ports: Ports, programs: Programs): Promise<Parts> {
  const account = { user: USER, password: await passwordOf(folder) };
  const servers: MariadbServer[] = ports.mariadb.map((port, index) => ({
    folder: join(folder, mariadbName(index)),
    port,
    account,
  }));
  const { loki } = ports;
  const server = chatServerPart({
    folder,
    port: ports.server,
    shardUrls: servers.map((one) => mariadbUrl(one, "chat")),
    lokiUrl: loki === null ? null : `http://127.0.0.1:${loki.http}`,
  });
  const prometheus = prometheusPart(programs.prometheus, {
    folder: join(folder, "prometheus"),
    port: ports.prometheus,
    chat: ports.server,
    targets: {
      prometheus: ports.prometheus,
      ...(loki === null ? {} : { loki: loki.http }),
    },
  });
  return {
    databases: servers.map((one, index) => mariadbPart(programs.mariadb, mariadbName(index), one)),
    databaseFolders: servers.map((one) => one.folder),
    others: [
      ...(loki === null || programs.loki === null ? [] : [lokiPart(programs.loki, join(folder, "loki"), loki)]),
      server,
      prometheus,
    ],
  };
}

function mariadbName(index: number): string {
  return `mariadb-${String(index).padStart(2, "0")}`;
}

/** The databases' password: made once, and read by nobody but the folder's owner. */
async function passwordOf(folder: string): Promise<string> {
  const file = join(folder, "password");
  await writeFile(file, randomBytes(24).toString("base64url"), { flag: "wx", mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
  return readFile(file, "utf8");
}
