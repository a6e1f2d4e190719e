import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryFolder, unusedPort } from "../../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

const SERVE = [HOTSHARD, "serve", "--port", "0", "--shards", "1", "--log", "error", "--data", folder];

/** Starts a program whose server listens when this resolves. All it started is killed at the end of the test. */
async function start(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  const { npm_lifecycle_event: _ours, ...own } = process.env;
  // A process group of its own, which can be killed as a whole.
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...own, ...env },
  });
  t.after(() => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // Nothing of it was left.
    }
  });
  await once(createInterface(child.stdout), "line");
  return child;
}

/** Resolves when nobody holds the output any more: the command has ended, and its server too. */
async function end(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

test("a server whose address nobody reads serves all the same", { timeout: 120_000 }, async (t) => {
  const port = await unusedPort();
  const args = [...SERVE, "--port", String(port), "--log", "info"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  child.stdout.destroy();
  const status = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.status,
      () => 0,
    );
  while ((await status()) !== 200) await delay(20);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

for (const [signal, expected] of [
  ["SIGTERM", 0],
  ["SIGINT", 130],
  ["SIGKILL", null],
] as const) {
  test(`${signal} to the command alone ends its server too`, { timeout: 120_000 }, async (t) => {
    const child = await start(t, process.execPath, SERVE);
    child.kill(signal);
    assert.equal(await end(child), expected);
  });
}

test("the server ends when npm's shell, which passes no signal on, is ended", { timeout: 120_000 }, async (t) => {
  const shell = await start(t, "sh", ["-c", '"$0" "$@"; exit', process.execPath, ...SERVE], {
    npm_lifecycle_event: "npx",
  });
  shell.kill("SIGTERM");
  await end(shell);
});
