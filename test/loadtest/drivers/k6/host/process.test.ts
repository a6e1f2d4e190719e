import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startK6 } from "../../../../../loadtest/drivers/k6/host/process.ts";
import { LINE_MARK } from "../../../../../loadtest/drivers/k6/script/tally.ts";

test("a k6 that dies in the middle of a line is one that broke; what it counted before is kept", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-k6-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "k6");
  writeFileSync(program, `#!/bin/sh\necho '${LINE_MARK}1}'\nprintf '${LINE_MARK}{"vu":'\nkill -9 $$\n`, {
    mode: 0o755,
  });
  const lines: unknown[] = [];
  const k6 = startK6({
    program,
    script: "none.js",
    args: [],
    env: {},
    summary: join(folder, "none.json"),
    onLine: (line) => lines.push(line),
  });
  const { code, counters, isGood, words } = await k6.ended;
  assert.deepEqual(lines, [{ hotshard: 1 }]);
  assert.deepEqual([code, counters, isGood], [null, null, false]);
  assert.match(words, /"vu":/u);
});
