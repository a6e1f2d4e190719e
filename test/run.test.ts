import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const RUNNER = fileURLToPath(new URL("run.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hotshard-runner-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `npm test` on one file with this content. */
async function runOn(
  name: string,
  body: string,
  ci: boolean,
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const file = join(folder, `${name}.test.ts`);
  writeFileSync(file, `import { describe, test } from "node:test";\n${body}\n`);
  const env: NodeJS.ProcessEnv = { ...process.env, CI: String(ci), ...more };
  // The runner within would take itself for one of this run's files.
  delete env["NODE_TEST_CONTEXT"];
  return new Promise((resolve) => {
    execFile(process.execPath, [RUNNER, file], { env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}

test("a run that passes ends with node's own summary", async () => {
  const { code, output } = await runOn(
    "good",
    'test("one", () => {}); test("two", { skip: "no disk" }, () => {});',
    false,
  );
  assert.equal(code, 0, output);
  assert.match(output, /tests 2\n.*pass 1\n.*fail 0\n.*\n.*skipped 1\n/su);
});

test("where CI=true a skip fails and is named with its reason", async () => {
  const skips =
    'test("one", () => {}); test("two", { skip: "no disk" }, () => {}); describe("three", { skip: true }, () => {});';
  const { code, output } = await runOn("skips", skips, true);
  assert.equal(code, 1);
  assert.match(output, /two \(no disk\)\n +three/u);
});

test("a run without a test fails", async () => {
  for (const [name, body] of Object.entries({ empty: "", onlySkips: 'test("one", { skip: true }, () => {});' })) {
    const { code, output } = await runOn(name, body, false);
    assert.equal(code, 1, name);
    assert.match(output, /no test was executed/u);
  }
});

test("a failure fails, also a rejection that comes when its test is over", async () => {
  const late = 'test("one", () => { setTimeout(() => void Promise.reject(new Error("late")), 20); });';
  for (const [name, body] of Object.entries({ late, plain: 'test("one", () => { throw new Error("no"); });' })) {
    assert.equal((await runOn(name, body, false)).code, 1, name);
  }
});

/** A process that a test forgets, and that says who it is. */
const FORGETS = `const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
writeFileSync(process.env.CHILD, String(child.pid));`;
const LINGERS = `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
const lives = () => new Promise(() => setInterval(() => {}, 1000));`;

for (const [name, hang] of Object.entries({
  "a test that never ends": 'test("the one that hangs", lives);',
  "a file that goes on when its tests are over": 'test("one", () => void lives());',
  "a file that is stuck in a loop": 'test("one", () => { for (;;); });',
})) {
  test(`${name} fails, is named, and leaves nothing running`, async () => {
    const child = join(folder, "child");
    const file = name.replaceAll(" ", "-");
    rmSync(child, { force: true });
    // A busy machine may need longer to get as far as the hang.
    for (let limit = 1_000; !existsSync(child); limit *= 2) {
      const more = { HOTSHARD_TEST_LIMIT_MS: String(limit), CHILD: child };
      const { code, output } = await runOn(file, `${LINGERS}\n${FORGETS}\n${hang}`, false, more);
      assert.equal(code, 1, output);
      if (!existsSync(child)) continue;
      assert.match(output, /✖ the one that hangs|\S+ does not end/u);
      assert.ok(output.includes(file), output);
    }
    const pid = Number(readFileSync(child, "utf8"));
    while (isAlive(pid)) await setImmediate();
  });
}

/** A zombie only waits for whoever takes it in. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return /^[^Z]/u.test(stdout.trim());
}
