import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Environment } from "../../loadtest/system/cache-folder.ts";
import { pinnedFolder } from "./pinned.ts";

/** Names under which systems install what hotshard and its tests can use. */
export const MARIADB = ["mariadbd", "mysqld"] as const;
export const PROMETHEUS = ["prometheus"] as const;
export const LOKI = ["loki"] as const;
export const CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"] as const;
export const PROMTOOL = ["promtool"] as const;

/** Servers live here, and an ordinary user's PATH does not name these. */
const SERVER_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

/** @returns the path of the first of `names` on PATH, where servers live or where hotshard built it; or null */
export async function findProgram(names: readonly string[]): Promise<string | null> {
  return (await everyProgram(names))[0] ?? null;
}

/** The same, but all of them: a machine can have several versions. */
export async function everyProgram(names: readonly string[], env: Environment = process.env): Promise<string[]> {
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = new Map<string, string>();
  for (const name of names) {
    for (const folder of [...path, ...SERVER_FOLDERS, pinnedFolder(env)]) {
      const program = join(folder, process.platform === "win32" ? `${name}.exe` : name);
      const real = await executable(program);
      // One program can have several names and folders.
      if (real !== null && !found.has(real)) found.set(real, program);
    }
  }
  return [...found.values()];
}

/** @returns its path without links, or null when there is nothing to execute */
async function executable(path: string): Promise<string | null> {
  return access(path, constants.X_OK)
    .then(() => realpath(path))
    .catch(() => null);
}
