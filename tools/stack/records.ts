import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../../server/config-error.ts";
import type { Ports } from "./contract.ts";
import { isRunning, ownProcess, type ProcessId } from "./process.ts";

/** What a stack knows of itself between two commands, as files of its folder. */
export interface Records {
  /** Null when the stack is down. */
  ports(): Promise<Ports | null>;
  keepPorts(ports: Ports): Promise<void>;
  forgetPorts(): Promise<void>;
  /** Names of the parts that were started and not stopped. */
  parts(): Promise<string[]>;
  /** The process that was started as that part, dead or alive. */
  process(part: string): Promise<ProcessId | null>;
  keepProcess(part: string, id: ProcessId): Promise<void>;
  forgetProcess(part: string): Promise<void>;
  /** Where a part's output goes. */
  logFile(part: string): string;
  /** @throws {ConfigError} STACK_BUSY while another command holds the folder */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** @param folder the stack's own; it is made, and only its owner may look into it */
export async function openRecords(folder: string): Promise<Records> {
  await mkdir(join(folder, "pids"), { recursive: true, mode: 0o700 });
  await mkdir(join(folder, "logs"), { recursive: true, mode: 0o700 });
  const ports = join(folder, "ports.json");
  const pidFile = (part: string) => join(folder, "pids", `${part}.json`);
  return {
    ports: () => read<Ports>(ports),
    keepPorts: (value) => write(ports, value),
    forgetPorts: () => rm(ports, { force: true }),
    parts: async () => {
      const files = await readdir(join(folder, "pids"));
      return files.filter((file) => file.endsWith(".json")).map((file) => basename(file, ".json"));
    },
    process: (part) => read<ProcessId>(pidFile(part)),
    keepProcess: (part, id) => write(pidFile(part), id),
    forgetProcess: (part) => rm(pidFile(part), { force: true }),
    logFile: (part) => join(folder, "logs", `${part}.log`),
    alone: (work) => withLock(join(folder, "lock.json"), work),
  };
}

async function read<T>(file: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new ConfigError(
      "BAD_STACK_FOLDER",
      `${file} cannot be read: ${String(error)}; look what of the stack still runs, then remove ${dirname(file)}`,
    );
  }
}

/** Whole or not at all, whenever this process dies. */
async function write(file: string, value: object): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const own = JSON.stringify(await ownProcess());
  const draft = `${file}.${process.pid}`;
  try {
    // Linked when it is whole: nobody finds it empty.
    await writeFile(draft, own, { mode: 0o600 });
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // A lock that cannot be read is one whose maker died before it was written.
    const holder = await read<ProcessId>(file).catch(() => null);
    if (holder !== null && (await isRunning(holder))) {
      throw new ConfigError("STACK_BUSY", `process ${holder.pid} is at this stack; wait until it has ended`);
    }
    // Its holder died.
    await write(file, JSON.parse(own) as ProcessId);
  } finally {
    await rm(draft, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}
