import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const RUNNER = fileURLToPath(new URL("run.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hotshard-runner-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `npm test` on one file with this content. */
async function runOn(name: string, body: string, ci: boolean): Promise<{ code: number; output: string }> {
  const file = join(folder, `${name}.test.ts`);
  writeFileSync(file, `import { describe, test } from "node:test";\n${body}\n`);
  const env: NodeJS.ProcessEnv = { ...process.env, CI: String(ci) };
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
