import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");

function check(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "dashboards/check.ts"), ...args], {
    encoding: "utf8",
  });
  return { status, stderr };
}

test("bad usage is one line and exit code 2: a folder without dashboards must not pass for good ones", () => {
  const cases: readonly [args: string[], fault: RegExp][] = [
    [["--dashboards", join(ROOT, "docs")], /^check: --dashboards .*docs: no dashboards \(\*\.json\) are there\n$/u],
    [["--range", "5m"], /^check: --range 5m: whole seconds\n$/u],
    [["--absent", "("], /^check: Invalid regular expression.*\n$/u],
    [["--nonsense"], /^check: Unknown option '--nonsense'.*\n$/u],
  ];
  for (const [args, fault] of cases) {
    const { status, stderr } = check(...args);
    assert.match(stderr, fault);
    assert.equal(status, 2, args.join(" "));
  }
  assert.deepEqual(check("--prometheus", "http://127.0.0.1:1"), {
    status: 4,
    stderr: "check: http://127.0.0.1:1: fetch failed\n",
  });
});
