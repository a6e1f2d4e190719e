import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Writable } from "node:stream";
import { promisify } from "node:util";
import { DEVELOPMENT_SECRET } from "../../server/protocol/secret.ts";
import { findK6, k6Version } from "../../loadtest/drivers/k6/host/binary.ts";
import { CHROMIUM, findProgram, LOKI, MARIADB, PROMETHEUS } from "./programs.ts";
import { sharedSecret } from "../../loadtest/run/secret.ts";

/** One thing that hotshard or its tests can use. */
export interface DoctorRow {
  readonly what: string;
  /** Where it is, or null when it is missing. */
  readonly found: string | null;
  readonly version: string | null;
  /** The word for its absence, when it is not "missing". */
  readonly absent?: string;
  readonly neededFor: string;
  /** The command or setting that brings it. */
  readonly remedy: string;
  /** The demo, and with it everything that needs no other program, cannot do without it. */
  readonly required: boolean;
}

const PORT = 8086;
const LEAST_NODE = [22, 13] as const;
const PROGRAM_MISSING = 4;

/** Looks for everything, each by itself: what is missing does not hide the rest. */
export async function examine(env: NodeJS.ProcessEnv = process.env): Promise<DoctorRow[]> {
  return Promise.all([
    examineNode(),
    examineSqlite(),
    examineK6(env),
    examineProgram(
      "MariaDB",
      MARIADB,
      "the tests against real database servers",
      packages("mariadb-server", "mariadb"),
    ),
    examineProgram("Chromium", CHROMIUM, "the tests of the report's pages", packages("chromium", "--cask chromium")),
    examineProgram(
      "Prometheus",
      PROMETHEUS,
      "hotshard stack, and the tests of rules, alerts and dashboards",
      packages("prometheus", "prometheus"),
    ),
    examineProgram(
      "Loki",
      LOKI,
      "the logs of hotshard stack",
      "put the program of a release of Loki on PATH, or use docker compose up",
    ),
    examineProgram("Docker", ["docker"], "the whole stack with dashboards", "see docs.docker.com/get-docker"),
    examineSecret(env),
    examinePort(),
  ]);
}

/**
 * `hotshard doctor`: prints what is here, what is missing, and the command that brings each.
 *
 * @returns the exit code: 0 when the demo can run, 4 when something that it needs is missing
 */
export async function runDoctor(out: Writable): Promise<number> {
  const rows = await examine();
  const width = Math.max(...rows.map((row) => row.what.length));
  for (const row of rows) {
    const mark = row.found !== null ? "ok  " : row.required ? "MISS" : "–   ";
    const state =
      row.found === null
        ? (row.absent ?? "missing")
        : [row.version, row.found].filter((part) => part !== null).join("  ");
    out.write(`${mark} ${row.what.padEnd(width)}  ${state}\n`);
    if (row.found === null) out.write(`     ${" ".repeat(width)}  for ${row.neededFor}: ${row.remedy}\n`);
  }
  const isReady = rows.every((row) => row.found !== null || !row.required);
  out.write(isReady ? "\nThe demo can run: hotshard demo\n" : "\nThe demo cannot run yet.\n");
  return isReady ? 0 : PROGRAM_MISSING;
}

async function examineNode(): Promise<DoctorRow> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNew = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return {
    what: "Node.js",
    found: isNew ? process.execPath : null,
    version: process.versions.node,
    neededFor: "everything",
    remedy: `install Node ${LEAST_NODE.join(".")} or newer (this is ${process.versions.node})`,
    required: true,
  };
}

async function examineSqlite(): Promise<DoctorRow> {
  const sqlite: object | undefined = process.getBuiltinModule("node:sqlite");
  return {
    what: "node:sqlite",
    found: sqlite === undefined ? null : "built into Node.js",
    version: process.versions["sqlite"] ?? null,
    neededFor: "embedded shards",
    remedy: "install the official Node.js 22.13 or newer: this one was built without SQLite",
    required: true,
  };
}

async function examineK6(env: NodeJS.ProcessEnv): Promise<DoctorRow> {
  const neededFor = "--driver k6, and k6 run with the scenarios";
  const row = { what: "k6", neededFor, required: false };
  try {
    const found = await findK6(env);
    const version = found === null ? null : await k6Version(found);
    return { ...row, found, version, remedy: "hotshard k6 install" };
  } catch (error) {
    // HOTSHARD_K6 names something else: the error says what.
    const remedy = error instanceof Error ? error.message : String(error);
    return { ...row, found: null, version: null, remedy };
  }
}

async function examineProgram(
  what: string,
  names: readonly string[],
  neededFor: string,
  remedy: string,
): Promise<DoctorRow> {
  const found = await findProgram(names);
  return { what, found, version: found === null ? null : await versionOf(found), neededFor, remedy, required: false };
}

/** The first thing like a version in what `--version` prints. */
async function versionOf(program: string): Promise<string | null> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, ["--version"], { timeout: 10_000 });
    return /\d+\.\d+[\w.]*/u.exec(stdout + stderr)?.[0] ?? null;
  } catch {
    return null;
  }
}

async function examineSecret(env: NodeJS.ProcessEnv): Promise<DoctorRow> {
  const isSet = sharedSecret(env) !== DEVELOPMENT_SECRET;
  return {
    what: "HOTSHARD_SECRET",
    found: isSet ? "set" : null,
    absent: "not set",
    version: null,
    neededFor: "servers beyond loopback (on loopback the public development secret is used)",
    remedy: "export HOTSHARD_SECRET=$(openssl rand -hex 32), the same for server and generators",
    required: false,
  };
}

async function examinePort(): Promise<DoctorRow> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(PORT, "127.0.0.1", () => resolve(true));
  });
  if (isFree) await once(server.close(), "close");
  return {
    what: `port ${PORT}`,
    found: isFree ? "free" : null,
    absent: "taken",
    version: null,
    neededFor: "hotshard serve",
    remedy: `stop what has it, perhaps a server of yours, or hotshard serve --port ${PORT + 1}`,
    required: false,
  };
}

function packages(debian: string, brew: string): string {
  return process.platform === "darwin" ? `brew install ${brew}` : `apt-get install ${debian} (as root, on Debian)`;
}
