import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ConfigError } from "../../server/config-error.ts";
import type { Part, PartStatus, Ports } from "./contract.ts";
import { installMariadb } from "./mariadb.ts";
import { describeParts, findPrograms, type Programs } from "./parts.ts";
import { choosePorts, type PortWishes } from "./ports.ts";
import { endProcess, isRunning, startDetached, type ProcessId } from "./process.ts";
import { openRecords, type Records } from "./records.ts";

/** A stack on this machine, all of it in one folder. Each call may come again: it does what is left to do. */
export interface Stack {
  /**
   * Starts what does not run and waits until each part does its work.
   *
   * @returns the parts, and how many of them this call started
   * @throws {MissingProgramError} PROGRAM_MISSING; {ConfigError} PORT_TAKEN, STACK_BUSY, STACK_ELSEWHERE, PART_FAILED
   */
  up(wishes: PortWishes): Promise<{ readonly parts: readonly PartStatus[]; readonly started: number }>;
  /** Stops what runs, the last started first, and waits until it has ended. @returns how many it stopped */
  down(): Promise<number>;
  /** Empty when the stack is down. */
  status(): Promise<readonly PartStatus[]>;
}

type Say = (line: string) => void;

/** Names of the parts that are no database, in the order of their end. */
const LAST_FIRST: readonly string[] = ["prometheus", "server", "loki"];
const SHARDS = 4;
const READY_MS = 90_000;
const STOP_MS = 30_000;
const POLL_MS = 100;

/**
 * @param folder the stack's own, absolute; made when it is not there
 * @param say takes lines of progress, for people
 */
export function createStack(folder: string, say: Say): Stack {
  async function up(records: Records, programs: Programs, wishes: PortWishes) {
    const known = await records.ports();
    if (known !== null) sameOrFail(known, wishes);
    const ports = known ?? (await choosePorts(wishes, SHARDS, programs.loki !== null));
    const { databases, databaseFolders, others } = await describeParts(folder, ports, programs);
    await records.keepPorts(ports);
    await installMariadb(programs.installer, databaseFolders);
    const started = await Promise.all(databases.map((part) => start(part, records, say)));
    for (const part of others) started.push(await start(part, records, say));
    const all = await Promise.all([...databases, ...others].map((part) => statusOf(part, records)));
    return { parts: all, started: started.filter(Boolean).length };
  }

  return {
    async up(wishes) {
      const programs = await findPrograms();
      const records = await openRecords(folder);
      return records.alone(() => up(records, programs, wishes));
    },
    async down() {
      if (!existsSync(folder)) return 0;
      const records = await openRecords(folder);
      return records.alone(() => down(records, say));
    },
    async status() {
      if (!existsSync(folder)) return [];
      const records = await openRecords(folder);
      const ports = await records.ports();
      if (ports === null) return [];
      const { databases, others } = await describeParts(folder, ports, await findPrograms());
      return Promise.all([...databases, ...others].map((part) => statusOf(part, records)));
    },
  };
}

async function down(records: Records, say: Say): Promise<number> {
  const names = await records.parts();
  const counts: number[] = [];
  // Nobody writes any more when the databases are asked to end.
  for (const name of LAST_FIRST) if (names.includes(name)) counts.push(await stop(name, records, say));
  const databases = names.filter((name) => !LAST_FIRST.includes(name));
  counts.push(...(await Promise.all(databases.map((name) => stop(name, records, say)))));
  await records.forgetPorts();
  return counts.reduce((sum, count) => sum + count, 0);
}

/** @returns whether it had to be started */
async function start(part: Part, records: Records, say: Say): Promise<boolean> {
  const before = await records.process(part.name);
  const runs = before !== null && (await isRunning(before));
  const id = runs ? before : await launch(part, records);
  const began = Date.now();
  while (!(await part.isReady())) {
    const late = Date.now() - began > READY_MS;
    if (late || !(await isRunning(id))) throw await failure(part, records, late);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  // Another program on its port may have answered in its place.
  if (!(await isRunning(id))) throw await failure(part, records, false);
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  say(`${part.name.padEnd(11)} ${runs ? "ran already" : `up after ${seconds} s`}  ${part.address}  pid ${id.pid}`);
  return !runs;
}

async function launch(part: Part, records: Records): Promise<ProcessId> {
  const id = await startDetached(await part.prepare(), records.logFile(part.name));
  await records.keepProcess(part.name, id);
  return id;
}

async function failure(part: Part, records: Records, late: boolean): Promise<ConfigError> {
  const log = records.logFile(part.name);
  const words = (await readFile(log, "utf8").catch(() => "")).trim().split("\n").at(-1) ?? "";
  const what = late ? `does not answer after ${READY_MS / 1_000} s` : "ended while it started";
  const rest = "the other parts stay as they are: correct it and call `up` again, or call `down`";
  return new ConfigError("PART_FAILED", `${part.name} ${what} (${log}: ${words.slice(-300)}); ${rest}`);
}

/** @returns 1 when it ran, else 0 */
async function stop(name: string, records: Records, say: Say): Promise<number> {
  const id = await records.process(name);
  const runs = id !== null && (await isRunning(id));
  if (runs) {
    const gently = await endProcess(id, STOP_MS);
    say(`${name.padEnd(11)} ${gently ? "stopped" : `killed: it did not end within ${STOP_MS / 1_000} s`}`);
  }
  await records.forgetProcess(name);
  return runs ? 1 : 0;
}

async function statusOf(part: Part, records: Records): Promise<PartStatus> {
  const id = await records.process(part.name);
  const runs = id !== null && (await isRunning(id));
  const isReady = runs && (await part.isReady());
  return {
    name: part.name,
    state: isReady ? "up" : runs ? "not ready" : "down",
    pid: runs ? id.pid : null,
    address: part.address,
    version: isReady ? await part.version() : null,
  };
}

/** A stack that runs keeps its ports. */
function sameOrFail(ports: Ports, wishes: PortWishes): void {
  const pairs: [string, number | null, number | undefined][] = [
    ["port", wishes.server, ports.server],
    ["prometheus-port", wishes.prometheus, ports.prometheus],
    ["loki-port", wishes.loki, ports.loki?.http],
    ["mariadb-port", wishes.mariadb, ports.mariadb[0]],
  ];
  const other = pairs.filter(([, wish, port]) => wish !== null && wish !== 0 && port !== undefined && wish !== port);
  if (other.length === 0) return;
  const list = other.map(([option, wish, port]) => `--${option} ${wish} (it has ${port})`).join(", ");
  throw new ConfigError("STACK_ELSEWHERE", `this stack is up on other ports: ${list}; \`hotshard stack down\` first`);
}
