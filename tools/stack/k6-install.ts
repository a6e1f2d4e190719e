import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "../../loadtest/system/cache-folder.ts";
import { goBuild, type GoBuild } from "./go-build.ts";
import { cachedK6, K6_VERSION, k6Version } from "../../loadtest/drivers/k6/host/binary.ts";
import { MissingProgramError } from "../../loadtest/drivers/missing-program.ts";

/** Where k6's own project publishes archives and checksums. */
const RELEASES = "https://github.com/grafana/k6/releases/download";
const CONNECT_MS = 10_000;
const DOWNLOAD_MS = 300_000;
const BUILD: GoBuild = {
  module: "k6",
  packages: ["go.k6.io/k6/v2"],
  goMinor: 25,
  what: `k6 ${K6_VERSION}: about two minutes`,
};

export interface InstallOptions {
  /** The environment to read and to pass on; the process's by default. */
  readonly env?: Environment;
  /** Base address of the releases; HOTSHARD_K6_RELEASES (a mirror) or the project's own by default. */
  readonly releases?: string;
  /** Told what is being done, a line at a time. */
  readonly onProgress?: (line: string) => void;
}

/**
 * Brings the pinned k6 into the cache: the project's release archive, checked against the release's published
 * checksums, else a build from `tools/k6` with Go.
 *
 * Two calls at once do no harm: each works in a folder of its own and the last rename wins.
 *
 * @returns the path of the program
 * @throws {MissingProgramError} K6_UNAVAILABLE with the reasons why neither way went
 */
export async function installK6(options: InstallOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const say = options.onProgress ?? (() => {});
  const target = cachedK6(env);
  if ((await k6Version(target)) === K6_VERSION) return target;
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(dirname(target), ".new-"));
  try {
    const reasons: string[] = [];
    for (const bring of [download, build]) {
      try {
        const fresh = await bring({
          env,
          say,
          work,
          releases: options.releases ?? (env["HOTSHARD_K6_RELEASES"] || RELEASES),
        });
        const version = await k6Version(fresh);
        if (version !== K6_VERSION) throw new Error(`what came says that it is ${version ?? "no k6"}`);
        await rename(fresh, target);
        return target;
      } catch (error) {
        reasons.push(`${bring.name}: ${reasonOf(error)}`);
        say(reasons.at(-1) ?? "");
      }
    }
    throw new MissingProgramError(
      "K6_UNAVAILABLE",
      `k6 ${K6_VERSION} could not be brought. ${reasons.join("; ")}. Install k6 v2 yourself and set ` +
        "HOTSHARD_K6, or use --driver node.",
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Work {
  readonly env: Environment;
  readonly say: (line: string) => void;
  /** A folder of this call's own beside the target, so that a rename moves the result. */
  readonly work: string;
  readonly releases: string;
}

async function download({ say, work, releases }: Work): Promise<string> {
  const archive = archiveName();
  const base = `${releases}/${K6_VERSION}`;
  say(`downloading ${archive}`);
  const sums = (await fetchBytes(`${base}/k6-${K6_VERSION}-checksums.txt`, CONNECT_MS)).toString("utf8");
  const expected = sums
    .split("\n")
    .map((line) => line.trim().split(/\s+\*?/u))
    .find(([, name]) => name === archive)?.[0];
  if (expected === undefined) throw new Error(`the release's checksums do not name ${archive}`);
  const bytes = await fetchBytes(`${base}/${archive}`, DOWNLOAD_MS);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== expected.toLowerCase())
    throw new Error(`${archive} has SHA-256 ${actual}, the release says ${expected}`);
  const file = join(work, archive);
  await writeFile(file, bytes);
  // Windows and macOS ship a tar that reads zip archives; Linux archives are tar.gz.
  await promisify(execFile)("tar", ["-xf", file, "-C", work]);
  const program = join(work, archive.replace(/\.(?:tar\.gz|zip)$/u, ""), basename(cachedK6()));
  await chmod(program, 0o755);
  return program;
}

/** @throws when k6 publishes nothing for this machine */
function archiveName(): string {
  const systems: Partial<Record<NodeJS.Platform, string>> = { linux: "linux", darwin: "macos", win32: "windows" };
  const processors: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };
  const system = systems[process.platform];
  const processor = processors[process.arch];
  if (system === undefined || processor === undefined) {
    throw new Error(`k6 publishes no archive for ${process.platform} ${process.arch}`);
  }
  return `k6-${K6_VERSION}-${system}-${processor}.${system === "linux" ? "tar.gz" : "zip"}`;
}

async function fetchBytes(url: string, timeoutMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function build({ env, say, work }: Work): Promise<string> {
  await goBuild(BUILD, work, { env, say });
  return join(work, basename(cachedK6(env)));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says only "fetch failed"; the reason is the cause's.
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
