import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMariadbs } from "../test/support/mariadb.ts";
import { startSubject, type Subject } from "./subject.ts";

export const SUBJECTS = ["bare echo", "no store", "SQLite × 4", "MySQL × 4", "MySQL × 4, single rows"] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** Starts servers on fresh databases; keeps the database servers up between subjects. */
export interface Stable {
  /** @returns null when this machine has no database server */
  start(name: SubjectName): Promise<Subject | null>;
  /** Stops the database servers and removes everything. */
  stop(): Promise<void>;
}

function server(...args: string[]): Promise<Subject> {
  return startSubject("../server/main.ts", ["--port", "0", "--log", "error", ...args]);
}

export async function openStable(): Promise<Stable> {
  const databases = await startMariadbs(4);
  const folder = mkdtempSync(join(tmpdir(), "hotshard-bench-"));
  let serial = 0;
  const mysql = (...args: string[]) => {
    if (databases === null) return null;
    const urls = databases.map((database) => database.url(`bench_${serial++}`));
    return server("--shards", urls.join(","), ...args);
  };
  const starts: Record<SubjectName, () => Promise<Subject> | null> = {
    "bare echo": () => startSubject("./bare-echo.ts", []),
    "no store": () => startSubject("./no-store.ts", ["--shards", "4", "--data", join(folder, `none-${serial++}`)]),
    "SQLite × 4": () => server("--shards", "4", "--data", join(folder, `sqlite-${serial++}`)),
    "MySQL × 4": () => mysql(),
    "MySQL × 4, single rows": () => mysql("--group-rows", "1"),
  };
  return {
    start: async (name) => starts[name](),
    async stop() {
      await Promise.all((databases ?? []).map((database) => database.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
