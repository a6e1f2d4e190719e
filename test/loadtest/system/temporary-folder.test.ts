import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";

const MODULE = new URL("../../../loadtest/system/temporary-folder.ts", import.meta.url).href;

test("a temporary folder goes with its process, however that ends by itself", () => {
  for (const end of ["process.exit(3)", "throw new Error('ours')", "await folder.remove()"]) {
    const code = `const { temporaryFolder } = await import("${MODULE}"); const folder = await temporaryFolder("test");
      process.stdout.write(folder.path); ${end}`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" });
    assert.match(stdout, /hotshard-test-/u);
    assert.ok(!existsSync(stdout), end);
  }
});
