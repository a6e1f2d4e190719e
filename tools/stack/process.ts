import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Command } from "./contract.ts";

/** A process for good: ids are used again, but not by a process that was born at the same moment. */
export interface ProcessId {
  readonly pid: number;
  /** Opaque; never the same for two processes with one id. */
  readonly birth: string;
}

const POLL_MS = 50;

/**
 * Starts a program that outlives this process, both its outputs appended to `log`.
 *
 * @throws {Error} ENOENT, EACCES when it cannot be started
 */
export async function startDetached(command: Command, log: string): Promise<ProcessId> {
  const output = await open(log, "a", 0o600);
  try {
    const child = spawn(command.program, command.args, {
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
      env: { ...process.env, ...command.env },
    });
    await once(child, "spawn");
    child.unref();
    const pid = child.pid!;
    return { pid, birth: (await birthOf(pid)) ?? "ended at once" };
  } finally {
    await output.close();
  }
}

/** Whether that very process runs; one that merely has its number by now is another, and a zombie runs no more. */
export async function isRunning(id: ProcessId): Promise<boolean> {
  return (await birthOf(id.pid)) === id.birth;
}

/**
 * Asks a process to end, waits, and ends it by force after `patienceMs`. One that is gone already is fine.
 *
 * @returns false when force was needed
 */
export async function endProcess(id: ProcessId, patienceMs: number): Promise<boolean> {
  await signal(id, "SIGTERM");
  if (await isGone(id, patienceMs)) return true;
  await signal(id, "SIGKILL");
  await isGone(id, patienceMs);
  return false;
}

/** This process, for a lock that shows whether its holder still lives. */
export async function ownProcess(): Promise<ProcessId> {
  return { pid: process.pid, birth: (await birthOf(process.pid)) ?? "unknown" };
}

async function signal(id: ProcessId, name: NodeJS.Signals): Promise<void> {
  if (!(await isRunning(id))) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function isGone(id: ProcessId, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (await isRunning(id)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/** Null when there is no such process. */
async function birthOf(pid: number): Promise<string | null> {
  return process.platform === "linux" ? birthOnLinux(pid) : birthByPs(pid);
}

/** Fields 3 (state) and 22 (start in clock ticks since the boot) of `/proc/PID/stat`, see proc(5). */
async function birthOnLinux(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name, which may hold anything but ends with the last bracket.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()} ${fields[19]}`;
  } catch {
    return null;
  }
}

async function birthByPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
    const [state = "", ...started] = stdout.trim().split(/\s+/u);
    return state === "" || state.startsWith("Z") ? null : started.join(" ");
  } catch {
    return null;
  }
}
