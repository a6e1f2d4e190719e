import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../../../../server/config-error.ts";
import { cacheFolder, type Environment } from "../../../system/cache-folder.ts";

/** The k6 that `hotshard k6 install` brings; scenarios are tested with it. */
export const K6_VERSION = "v2.2.0";

const MAJOR = "v2.";
const PROGRAM = process.platform === "win32" ? "k6.exe" : "k6";

/** @returns where the pinned k6 lies once it is installed: in the cache folder */
export function cachedK6(env: Environment = process.env): string {
  return join(cacheFolder(env), `k6-${K6_VERSION}`, PROGRAM);
}

/**
 * Looks for a k6 of version 2: the one that HOTSHARD_K6 names, then the installed one, then the first on PATH.
 *
 * @returns its path, or null when there is none
 * @throws {ConfigError} BAD_K6 when HOTSHARD_K6 names something else
 */
export async function findK6(env: Environment = process.env): Promise<string | null> {
  const named = env["HOTSHARD_K6"];
  if (named) {
    const version = await k6Version(named);
    if (version?.startsWith(MAJOR)) return named;
    throw new ConfigError("BAD_K6", `HOTSHARD_K6=${named} is ${version ? `k6 ${version}, not ${MAJOR}x` : "no k6"}.`);
  }
  const cached = cachedK6(env);
  if (await isExecutable(cached)) return cached;
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const candidate = join(folder, PROGRAM);
    if (folder === "" || !(await isExecutable(candidate))) continue;
    // k6 v1 has no TypeScript without a bundler and other websockets: it would fail half-way.
    if ((await k6Version(candidate))?.startsWith(MAJOR)) return candidate;
  }
  return null;
}

/** @returns `v2.2.0` as the program says it, or null when it is no k6 or does not start */
export async function k6Version(path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ["version"], { timeout: 20_000 });
    return /^k6(?:\.exe)? (v\S+)/u.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
