import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const HOTSHARD = join(import.meta.dirname, "../../bin/hotshard.js");

for (const words of ["scenarios", "--help", "serve --help"]) {
  test(`hotshard ${words} ends well when nobody reads it, as behind | head`, () => {
    const line = `{ "$0" "$1" ${words}; echo "code $?" >&2; } | true`;
    const { stderr } = spawnSync("sh", ["-c", line, process.execPath, HOTSHARD], { encoding: "utf8" });
    assert.equal(stderr, "code 0\n");
  });
}
