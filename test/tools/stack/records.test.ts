import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openRecords } from "../../../tools/stack/records.ts";

test("one command at a time; a lock that its maker left behind, even an empty one, stops nobody", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-records-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const records = await openRecords(folder);
  await records.alone(async () => {
    await assert.rejects(
      records.alone(async () => {}),
      { code: "STACK_BUSY", message: new RegExp(`process ${process.pid} `, "u") },
    );
  });
  for (const left of ["", JSON.stringify({ pid: 2 ** 30, startedAt: 0 })]) {
    writeFileSync(join(folder, "lock.json"), left);
    assert.equal(await records.alone(async () => 7), 7);
  }
  assert.deepEqual(readdirSync(folder).sort(), ["logs", "pids"]);
});
