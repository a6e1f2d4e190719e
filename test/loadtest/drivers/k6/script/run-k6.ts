import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { findK6 } from "../../../../support/k6.ts";

export interface K6Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script by `k6 run` as a user would, and stops it with the test.
 *
 * @param script path below the repository's root
 * @param dials what `-e` would set; a busy test machine must not make a run INVALID, unless MAX_LAG_MS is given
 */
export async function runK6(script: string, dials: Readonly<Record<string, string>> = {}): Promise<K6Run> {
  const k6 = findK6();
  assert.ok(k6 !== null, "CI=true and no k6");
  const settings = Object.entries({ MAX_LAG_MS: "5000", ...dials }).flatMap(([name, value]) => [
    "-e",
    `${name}=${value}`,
  ]);
  const path = fileURLToPath(new URL(`../../../../../${script}`, import.meta.url));
  const child = spawn(k6, ["run", "--quiet", ...settings, path], {
    env: { ...process.env, K6_NO_USAGE_REPORT: "true", K6_AUTO_EXTENSION_RESOLUTION: "false" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  process.off("exit", kill);
  return { code, stdout, stderr };
}
