import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "../../../loadtest/system/make-folder.ts";

test("a folder and those above it, also when others make the same; what cannot be made is refused and not tried for ever", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-folder-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const deep = join(folder, "a", "b", "c");
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, "a", "b"))]);
  assert.ok(statSync(deep).isDirectory());
  await makeFolder(deep);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(makeFolder(join(folder, "file")), { code: "EEXIST" });
  await assert.rejects(makeFolder(join(folder, "file", "below")), { code: "ENOTDIR" });
  if (process.platform === "linux") await assert.rejects(makeFolder("/proc/none/below"), { code: "ENOENT" });
});
