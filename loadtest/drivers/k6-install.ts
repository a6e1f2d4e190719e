import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cachedK6, K6_VERSION, k6Version } from "./k6-binary.ts";
import { MissingProgramError } from "./missing-program.ts";

/** Where k6's own project publishes archives and checksums. */
const RELEASES = "https://github.com/grafana/k6/releases/download";
const CONNECT_MS = 10_000;
const DOWNLOAD_MS = 300_000;
/** k6 v2.2 asks for it in its go.mod. */
const GO_MINOR = 25;
/** The module that pins k6 and its dependencies with their sums: found from the sources and from `dist`. */
const MODULE = ["../../tools/k6", "../../../tools/k6"]
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(join(path, "go.mod")));

export interface InstallOptions {
  /** The environment to read and to pass on; the process's by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
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
          releases: options.releases ?? env["HOTSHARD_K6_RELEASES"] ?? RELEASES,
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
      `k6 ${K6_VERSION} could not be brought. ${reasons.join("; ")}. Install k6 v2 yourself and set HOTSHARD_K6, or use --driver node.`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Work {
  readonly env: Readonly<Record<string, string | undefined>>;
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
  if (MODULE === undefined) throw new Error("tools/k6 is not in this package");
  const go = await findGo(env);
  const program = join(work, basename(cachedK6(env)));
  say(`building k6 ${K6_VERSION} with ${go}: about two minutes`);
  const child = spawn(go, ["build", "-trimpath", "-buildvcs=false", "-o", program, "go.k6.io/k6/v2"], {
    cwd: MODULE,
    // The sums are complete: nothing may be added to them, and no workspace of the caller's may get in the way.
    env: { ...env, GOFLAGS: "-mod=readonly", GOWORK: "off", CGO_ENABLED: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let tail = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (tail = (tail + text).slice(-600)));
  const startedAt = Date.now();
  const beat = setInterval(() => say(`still building, ${Math.round((Date.now() - startedAt) / 1_000)} s`), 15_000);
  try {
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`go build failed: ${tail.trim()}`);
  } finally {
    clearInterval(beat);
  }
  return program;
}

async function findGo(env: Work["env"]): Promise<string> {
  let found = env["HOTSHARD_GO"] ? `${env["HOTSHARD_GO"]} (HOTSHARD_GO) does not start` : "no Go on PATH";
  // Go's own installer puts it there, often without PATH.
  for (const go of env["HOTSHARD_GO"] ? [env["HOTSHARD_GO"]] : ["go", "/usr/local/go/bin/go"]) {
    try {
      const { stdout } = await promisify(execFile)(go, ["env", "GOVERSION"], { env: { ...env } });
      const [, major, minor] = /^go(\d+)\.(\d+)/u.exec(stdout) ?? [];
      if (Number(major) > 1 || Number(minor) >= GO_MINOR) return go;
      found = `${go} is ${stdout.trim()}`;
    } catch {
      continue;
    }
  }
  throw new Error(`${found}; Go 1.${GO_MINOR} or newer is needed`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says only "fetch failed"; the reason is the cause's.
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
