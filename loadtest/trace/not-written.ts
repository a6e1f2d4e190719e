import { ConfigError } from "../../server/placement/contract.ts";

/** NOT_WRITTEN: what a failed write of the replay's own files means, a full disk above all. */
export function notWritten(path: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  const how = "free space there, or name another folder with --out or TMPDIR";
  return new ConfigError("NOT_WRITTEN", `${path} cannot be written (${reason}): ${how}`);
}
