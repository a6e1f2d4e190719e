import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { findK6, skipWithoutK6 } from "../../support/k6.ts";
import { placedRows } from "./rows.ts";

const SCRIPT = new URL("rows.k6.ts", import.meta.url).pathname;

test("k6's engine places every row where Node does", { skip: skipWithoutK6 }, async () => {
  const k6 = findK6();
  assert.ok(k6 !== null, "CI=true and no k6");
  const { stdout } = await promisify(execFile)(k6, ["run", "--quiet", SCRIPT], {
    env: { ...process.env, K6_NO_USAGE_REPORT: "true", K6_AUTO_EXTENSION_RESOLUTION: "false" },
  });
  const expected = placedRows();
  assert.deepEqual(JSON.parse(stdout), expected);
  assert.ok(Object.values(expected).every((row) => new Set(row).size > 6));
});
