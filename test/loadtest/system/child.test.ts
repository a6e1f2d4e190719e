import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { startChild } from "../../../loadtest/system/child.ts";

const MODULE = new URL("../../../loadtest/system/child.ts", import.meta.url).href;
/** Says that it is ready, and hears no signal that it may ignore. */
const DEAF =
  "for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => {}); console.log('ready'); setInterval(() => {}, 1000);";

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, "it is still there after a minute");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a child that does not end when it is asked is killed, and one that does is not", async () => {
  const deaf = startChild(process.execPath, ["-e", DEAF], { stdio: ["ignore", "pipe", "pipe"], patienceMs: 200 });
  await once(deaf.process.stdout!, "data");
  assert.deepEqual(await deaf.end(), { code: null, signal: "SIGKILL", wasForced: true });
  const code = "process.on('SIGTERM', () => process.exit(7)); console.log('ready'); setInterval(() => {}, 1000);";
  const good = startChild(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "pipe"] });
  await once(good.process.stdout!, "data");
  assert.deepEqual(await good.end(), { code: 7, signal: null, wasForced: false });
  assert.deepEqual(await good.end(), { code: 7, signal: null, wasForced: false }, "gone already");
});

test("the end of what it said is kept, and why a program could not be started", async () => {
  const child = startChild(process.execPath, ["-e", "process.stderr.write('x'.repeat(9_000) + 'end')"], {
    stdio: "pipe",
  });
  assert.deepEqual(await child.closed, { code: 0, signal: null, wasForced: false });
  assert.equal(child.said().length, 4_000);
  assert.match(child.said(), /xend$/u);
  const nothing = startChild("/nowhere/program", []);
  assert.notEqual((await nothing.closed).code, 0);
  assert.match(nothing.said(), /ENOENT/u);
});

for (const [how, end] of [
  ["is killed", "setInterval(() => {}, 1000);"],
  ["exits", "process.exit();"],
  ["throws", "throw new Error('ours');"],
] as const) {
  test(`a child that hears nothing ends with a parent that ${how}`, async (t) => {
    const code = `
      const { startChild } = await import("${MODULE}");
      const child = startChild(process.execPath, ["-e", ${JSON.stringify(DEAF)}], { stdio: ["ignore", "pipe", "ignore"], patienceMs: 1000, detached: true });
      child.process.stdout.once("data", () => { console.log(child.process.pid); setImmediate(() => { ${end} }); });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
    const pid = Number(line);
    t.after(() => isThere(pid) && process.kill(pid, "SIGKILL"));
    if (how === "is killed") {
      assert.ok(isThere(pid));
      parent.kill("SIGKILL");
    }
    await until(() => !isThere(pid));
  });
}

test("nothing is left of a child that has ended by itself", async () => {
  const before = process.listenerCount("exit");
  const child = startChild(process.execPath, ["-e", ""], { stdio: "ignore" });
  assert.equal(process.listenerCount("exit"), before + 1);
  await child.closed;
  assert.equal(process.listenerCount("exit"), before);
});
