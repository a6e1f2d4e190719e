import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem, type as osType } from "node:os";

/** What the figures were measured on, in one line, with the commit and the day. */
export function machine(): string {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  const processor = `${availableParallelism()} × ${cpus()[0]?.model ?? "processor"}`;
  return (
    `Machine: ${processor}, ${memory} GiB, ${osType()} ${release()}, Node ${process.versions.node}; commit ` +
    `${commit}, ${new Date().toISOString().slice(0, 10)}.`
  );
}
