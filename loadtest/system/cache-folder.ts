import { homedir } from "node:os";
import { join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** @returns where programs that hotshard brought lie: HOTSHARD_CACHE, XDG_CACHE_HOME/hotshard or ~/.cache/hotshard */
export function cacheFolder(env: Environment = process.env): string {
  const xdg = env["XDG_CACHE_HOME"];
  return env["HOTSHARD_CACHE"] || (xdg ? join(xdg, "hotshard") : join(homedir(), ".cache", "hotshard"));
}
