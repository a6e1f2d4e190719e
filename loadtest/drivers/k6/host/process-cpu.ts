import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The kernel's unit of CPU time in /proc; fixed at 100 for user space on every architecture. */
const TICKS_PER_S = 100;

/** @returns seconds of CPU that the process has used, all threads together; null when it is gone or cannot be asked */
export async function cpuSeconds(pid: number): Promise<number | null> {
  try {
    if (process.platform === "linux") return parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));
    const { stdout } = await promisify(execFile)("ps", ["-o", "time=", "-p", String(pid)]);
    return parseTime(stdout);
  } catch {
    return null;
  }
}

/** proc(5): fields 14 and 15 are user and system time; the second field is a name that may hold anything. */
function parseStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** `[[dd-]hh:]mm:ss[.ss]` */
function parseTime(text: string): number {
  const [days, clock] = text.includes("-") ? text.trim().split("-", 2) : ["0", text.trim()];
  const seconds = (clock ?? "").split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number(days) * 86_400 + seconds;
}
