import { execFile } from "node:child_process";
import { everyProgram, PROMTOOL } from "../../tools/stack/programs.ts";
import { need } from "./need.ts";

interface Said {
  /** Whether it was content. */
  readonly ok: boolean;
  readonly output: string;
}

const paths = await everyProgram(PROMTOOL);

/** For the `skip` of a test that needs promtool: the reason, or false. */
export const skipWithoutPromtool: false | string = need("promtool", paths[0] ?? null, "apt-get install prometheus");

/** Runs the first promtool of this machine. */
export function promtool(args: readonly string[], cwd: string): Promise<Said> {
  return run(paths[0] ?? "promtool", args, cwd);
}

/**
 * Runs every promtool of this machine: that on PATH, and that of Prometheus 3 where `hotshard stack install prometheus`
 * built it. @returns whether all were content, and what those said that were not
 */
export async function everyPromtool(args: readonly string[], cwd: string): Promise<Said> {
  const said = await Promise.all(paths.map(async (path) => ({ path, ...(await run(path, args, cwd)) })));
  const faults = said.filter(({ ok }) => !ok).map(({ path, output }) => `${path}: ${output}`);
  return { ok: faults.length === 0, output: faults.join("\n") };
}

function run(path: string, args: readonly string[], cwd: string): Promise<Said> {
  return new Promise((resolve) => {
    execFile(path, args, { cwd }, (error, stdout, stderr) => resolve({ ok: error === null, output: stdout + stderr }));
  });
}
