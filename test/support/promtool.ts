import { execFile } from "node:child_process";
import { findProgram, PROMTOOL } from "../../loadtest/programs.ts";
import { need } from "./need.ts";

const path = await findProgram(PROMTOOL);

/** For the `skip` of a test that needs promtool: the reason, or false. */
export const skipWithoutPromtool: false | string = need("promtool", path, "apt-get install prometheus");

/** Runs promtool. @returns whether it was content, and what it said */
export function promtool(args: readonly string[], cwd: string): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(path ?? "promtool", args, { cwd }, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: stdout + stderr }),
    );
  });
}
