import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMariadbs } from "../test/support/mariadb.ts";
import { startSubject, type Subject } from "./subject.ts";

export const SUBJECTS = ["bare echo", "no store", "SQLite × 4", "MySQL × 4", "MySQL × 4, single rows"] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** Starts servers on fresh databases; keeps the database servers up between subjects. */
export interface Stable {
  /**
   * @param args more options of the server; its log is thrown away when there are any
   * @returns null when this machine has no database server
   */
  start(name: SubjectName, args?: readonly string[]): Promise<Subject | null>;
  /** Stops the database servers and removes everything. */
  stop(): Promise<void>;
}

function server(more: readonly string[], ...args: string[]): Promise<Subject> {
  const all = ["--port", "0", "--log", "error", ...args, ...more];
  return startSubject("../server/main.ts", all, more.length > 0 ? "dropped" : "shown");
}

export async function openStable(): Promise<Stable> {
  const databases = await startMariadbs(4);
  const folder = mkdtempSync(join(tmpdir(), "hotshard-bench-"));
  let serial = 0;
  const mysql = (more: readonly string[], ...args: string[]) => {
    if (databases === null) return null;
    const urls = databases.map((database) => database.url(`bench_${serial++}`));
    return server(more, "--shards", urls.join(","), ...args);
  };
  const starts: Record<SubjectName, (more: readonly string[]) => Promise<Subject> | null> = {
    "bare echo": () => startSubject("./bare-echo.ts", []),
    "no store": () => startSubject("./no-store.ts", ["--shards", "4", "--data", join(folder, `none-${serial++}`)]),
    "SQLite × 4": (more) => server(more, "--shards", "4", "--data", join(folder, `sqlite-${serial++}`)),
    "MySQL × 4": (more) => mysql(more),
    "MySQL × 4, single rows": (more) => mysql(more, "--group-rows", "1"),
  };
  return {
    start: async (name, args = []) => starts[name](args),
    async stop() {
      await Promise.all((databases ?? []).map((database) => database.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
