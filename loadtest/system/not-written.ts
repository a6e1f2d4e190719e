import { ConfigError } from "../../server/config-error.ts";

/** What to do about a disk that is full, or may not be written to. */
export const MORE_ROOM = "free space there, or name another folder with --out or TMPDIR";

/** NOT_WRITTEN: what a failed write means, to a full disk above all. @param path the file, or `stdout` */
export function notWritten(path: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = path === "stdout" ? "free space where it goes, or send it elsewhere" : MORE_ROOM;
  return new ConfigError("NOT_WRITTEN", `${path} cannot be written (${reason}): ${remedy}`);
}
