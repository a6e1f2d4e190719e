import { execFileSync } from "node:child_process";

/** Process ids of the generators that this process has started. */
export function workerPids(): number[] {
  const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const fields = rows.map((row) => row.trim().split(/\s+/u));
  return fields.flatMap(([pid, ppid, ...args]) =>
    Number(ppid) === process.pid && args.some((arg) => arg.endsWith("worker.ts")) ? [Number(pid)] : [],
  );
}
