import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Names under which systems install what hotshard and its tests can use. */
export const MARIADB = ["mariadbd", "mysqld"] as const;
export const PROMETHEUS = ["prometheus"] as const;
export const LOKI = ["loki"] as const;
export const CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"] as const;
export const PROMTOOL = ["promtool"] as const;

/** Servers live here, and an ordinary user's PATH does not name these. */
const SERVER_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

/** @returns the path of the first of `names` on PATH or where servers live, or null */
export async function findProgram(names: readonly string[]): Promise<string | null> {
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...SERVER_FOLDERS,
  ];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, process.platform === "win32" ? `${name}.exe` : name);
      const found = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return path;
    }
  }
  return null;
}
