import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Environment } from "../../loadtest/system/cache-folder.ts";
import { startChild } from "../../loadtest/system/child.ts";

/** Programs to build from a module that pins them and everything that they need, with its sums. */
export interface GoBuild {
  /** Folder of the module in `tools/`. */
  readonly module: string;
  /** Import paths of main packages. */
  readonly packages: readonly string[];
  /** Least Go 1.N that the module asks for. */
  readonly goMinor: number;
  /** For the linker: `-X …` sets the version that a program tells. */
  readonly linkerFlags?: string;
  /** What is being built and how long it takes, for people. */
  readonly what: string;
}

interface Around {
  /** The environment to read and to pass on. */
  readonly env: Environment;
  /** Told what is being done, a line at a time. */
  readonly say: (line: string) => void;
}

const BEAT_MS = 15_000;

/**
 * Builds the programs into a folder, each under its own name.
 *
 * @throws {Error} without the module, without Go that is new enough, or with Go's last words
 */
export async function goBuild(build: GoBuild, folder: string, { env, say }: Around): Promise<void> {
  const module = findModule(build.module);
  if (module === undefined) throw new Error(`tools/${build.module} is not in this package`);
  const go = await findGo(build.goMinor, env);
  say(`building ${build.what} with ${go}`);
  const flags = ["-trimpath", "-buildvcs=false", `-ldflags=${build.linkerFlags ?? ""}`];
  const child = startChild(go, ["build", ...flags, "-o", join(folder, "/"), ...build.packages], {
    cwd: module,
    // The sums are complete: nothing may be added to them, and no workspace of the caller's may get in the way.
    env: { ...env, GOFLAGS: "-mod=readonly", GOWORK: "off", CGO_ENABLED: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const startedAt = Date.now();
  const beat = setInterval(() => say(`still building, ${Math.round((Date.now() - startedAt) / 1_000)} s`), BEAT_MS);
  try {
    const { code } = await child.closed;
    if (code !== 0) throw new Error(`go build failed: ${child.said().slice(-600).trim()}`);
  } finally {
    clearInterval(beat);
  }
}

/** Whether the module is here: the package has only that of k6. */
export const hasModule = (name: string): boolean => findModule(name) !== undefined;

/** Found from the sources and from `dist`. */
function findModule(name: string): string | undefined {
  return [`../${name}`, `../../../tools/${name}`]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, "go.mod")));
}

async function findGo(minor: number, env: Environment): Promise<string> {
  let found = env["HOTSHARD_GO"] ? `${env["HOTSHARD_GO"]} (HOTSHARD_GO) does not start` : "no Go on PATH";
  // Go's own installer puts it there, often without PATH.
  for (const go of env["HOTSHARD_GO"] ? [env["HOTSHARD_GO"]] : ["go", "/usr/local/go/bin/go"]) {
    try {
      const { stdout } = await promisify(execFile)(go, ["env", "GOVERSION"], { env: { ...env } });
      const [, major, its] = /^go(\d+)\.(\d+)/u.exec(stdout) ?? [];
      if (Number(major) > 1 || Number(its) >= minor) return go;
      found = `${go} is ${stdout.trim()}`;
    } catch {
      continue;
    }
  }
  throw new Error(`${found}; Go 1.${minor} or newer is needed`);
}
