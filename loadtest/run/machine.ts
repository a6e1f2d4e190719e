import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type as systemName } from "node:os";
import { promisify } from "node:util";
import { allowedCores, quotaOfCores, type ReadText } from "../system/cpu-limits.ts";
import { findK6, k6Version } from "../drivers/k6/host/binary.ts";
import type { Machine } from "../analysis/result/machine-schema.ts";

/** Longest wait for git in a large working tree, ms: a run does not hang on its commit. */
const GIT_MS = 5_000;

/**
 * The machine that generates the load, and what of it this process may use.
 *
 * @param withK6 whether k6 makes the load
 * @param folder whose commit is told, when it is part of a git checkout
 */
export async function machineFacts(withK6: boolean, folder: string): Promise<Machine> {
  const program = withK6 ? await findK6() : null;
  const [k6, commit] = await Promise.all([program === null ? null : k6Version(program), commitOf(folder)]);
  return {
    ...hardware(readText),
    kernel: `${systemName()} ${release()}`,
    node: process.versions.node,
    ...(k6 !== null && { k6 }),
    ...(commit !== null && { commit }),
  };
}

/** Processor, cores and memory, with the limits of a container. */
function hardware(read: ReadText): Pick<Machine, "cpu" | "cores" | "memory" | "limits"> {
  const memory = totalmem();
  const quota = quotaOfCores(read);
  // Of a quota below one core, or of 1.5, Node's own count keeps whole cores only.
  const present = allowedCores(read) ?? availableParallelism();
  const cores = Math.min(present, quota ?? present);
  const limits = {
    ...(quota !== null && quota < cpus().length && { cores: quota }),
    ...limitOfMemory(process.constrainedMemory(), memory),
  };
  return {
    cpu: cpus()[0]?.model.trim() || "unknown",
    cores,
    memory,
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

/** Without a limit the system says 0, or more than there is. */
const limitOfMemory = (limit: number, memory: number): { readonly memory?: number } =>
  limit > 0 && limit < memory ? { memory: limit } : {};

/** @returns e.g. `06a265598a1c`, with `-dirty` when tracked files were changed since; null without git or a checkout */
async function commitOf(folder: string): Promise<string | null> {
  const args = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
  // A hook of git names its own repository; and asking must not write to the index of somebody's working tree.
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(others), GIT_OPTIONAL_LOCKS: "0" };
  try {
    const { stdout } = await promisify(execFile)("git", args, { cwd: folder, env, timeout: GIT_MS });
    return stdout.trim() || null;
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
