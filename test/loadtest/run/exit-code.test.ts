import assert from "node:assert/strict";
import { test } from "node:test";
import { DriveError } from "../../../loadtest/drivers/drive-error.ts";
import { MissingProgramError } from "../../../loadtest/drivers/missing-program.ts";
import { explainError } from "../../../loadtest/run/exit-code.ts";
import { ConfigError } from "../../../server/config-error.ts";

test("usage, what is missing, and generators that broke have exit codes of their own, and a line without a stack", () => {
  const table: [Error, number][] = [
    [new ConfigError("BAD_OPTIONS", "words"), 2],
    [new ConfigError("SERVER_UNREACHABLE", "words"), 4],
    [new DriveError("UNREACHABLE", "words"), 4],
    [new DriveError("TOKEN_REFUSED", "words"), 2],
    [new MissingProgramError("DRIVER_UNAVAILABLE", "words"), 4],
    [new MissingProgramError("BUILD_FAILED", "words"), 4],
    [new DriveError("K6_FAILED", "words"), 70],
    [new DriveError("GENERATORS_LOST", "words"), 70],
    [new ConfigError("NOT_WRITTEN", "words"), 74],
  ];
  for (const [error, expected] of table) {
    const { code, line } = explainError(error);
    assert.equal(code, expected, line);
    assert.match(line, /^hotshard: [A-Z0-9_]+: words$/u);
  }
  for (const code of ["ENOSPC", "EDQUOT", "EROFS", "EIO"]) {
    const full = explainError(Object.assign(new Error("no space left on device, write"), { code }));
    assert.equal(full.code, 74);
    assert.match(full.line, /^hotshard: NOT_WRITTEN: no space left on device, write; free space there, or [^\n]+$/u);
  }
  const fault = explainError(new TypeError("ours"));
  assert.equal(fault.code, 70);
  assert.match(fault.line, /^hotshard: INTERNAL: TypeError: ours\n {4}at /u);
});
