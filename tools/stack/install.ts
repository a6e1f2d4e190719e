import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Environment } from "../../loadtest/system/cache-folder.ts";
import { MissingProgramError } from "../../loadtest/drivers/missing-program.ts";
import { goBuild } from "./go-build.ts";
import { PINNED_PROMETHEUS, pinnedFolder } from "./pinned.ts";

/**
 * Builds the pinned Prometheus into the cache, where the stack and the tests find it; it stays as it is when it is
 * there. Two calls at once do no harm: each works in a folder of its own, and one rename wins.
 *
 * @param say takes lines of progress, for people
 * @returns the paths of its programs
 * @throws {MissingProgramError} BUILD_FAILED, with the reason
 */
export async function installPrometheus(
  say: (line: string) => void,
  env: Environment = process.env,
): Promise<string[]> {
  const folder = pinnedFolder(env);
  const suffix = process.platform === "win32" ? ".exe" : "";
  const programs = PINNED_PROMETHEUS.packages.map((path) => join(folder, `${basename(path)}${suffix}`));
  if (await areThere(programs)) return programs;
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(join(dirname(folder), ".new-"));
  try {
    await goBuild(PINNED_PROMETHEUS, work, { env, say });
    // A folder without all its programs is none of a finished build.
    if (!(await areThere(programs))) await rm(folder, { recursive: true, force: true });
    await rename(work, folder).catch(async (error: unknown) => {
      if (!(await areThere(programs))) throw error;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MissingProgramError(
      "BUILD_FAILED",
      `Prometheus ${PINNED_PROMETHEUS.version} could not be built: ${reason}. Install it yourself and put it ` +
        `on PATH, or use \`docker compose up\`.`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return programs;
}

async function areThere(programs: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    programs.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
