import { execFileSync } from "node:child_process";

/**
 * Ends every process that this one has started, and those that they have started, by force.
 *
 * @returns the last word of each command line, for a test's process its file
 */
export function endDescendants(): string[] {
  const table = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8", maxBuffer: 2 ** 26 });
  const rows = table.split("\n").map((row) => row.trim().split(/\s+/u));
  const ended: string[] = [];
  const parents = new Set([String(process.pid)]);
  // A process comes before those that it has started only where ids have not begun again.
  for (let before = 0; before < parents.size;) {
    before = parents.size;
    for (const [pid = "", parent = "", ...args] of rows) {
      if (!parents.has(parent) || parents.has(pid)) continue;
      parents.add(pid);
      if (end(Number(pid))) ended.push(args.at(-1) ?? "");
    }
  }
  return ended;
}

/** @returns whether it was there to be ended */
function end(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
