import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import { htmlReport, junitReport, markdownReport, terminalReport } from "../../../../loadtest/report/reports.ts";
import { checkResult, parseResult } from "../../../../loadtest/analysis/result/read.ts";
import { SCHEMAS } from "../../../../tools/schemas.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const result = buildResult(runEvidence({ rate: 200 }));

test("another validator accepts a result, and refuses one with a hole or a wrong type", () => {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(SCHEMAS.result);
  assert.equal(validate(result), true, JSON.stringify(validate.errors));
  assert.equal(validate({ ...result, skew: undefined }), false);
  assert.equal(validate({ ...result, shards: [{ ...result.shards[0], stored: "12" }] }), false);
});

const read = (text: string) => () => parseResult(text, "runs/a/result.json");
const json = (value: unknown) => JSON.stringify(value);

test("a result of version 1 is read: what it did not know is said, and nothing is made up", () => {
  const text = readFileSync(new URL("result-version-1.json", import.meta.url), "utf8");
  const old = JSON.parse(text) as Record<string, never>;
  assert.equal(old["version"], 1);
  const now = parseResult(text, "old");
  const { traffic, skew, shards, audit, failures, run } = now;
  assert.deepEqual([now.version, skew.of, failures, run.maxErrors], [2, "stored", [], undefined]);
  assert.deepEqual([traffic.late, traffic.notConnected, traffic.failedShare], [3, 0, 2 / traffic.sent]);
  for (const { offered, stored, offline, deliveryMs } of shards) {
    assert.deepEqual([offered, offline, deliveryMs.p95], [stored, undefined, undefined]);
  }
  assert.deepEqual([audit.undelivered, audit.missedWhileAway], [0, 0]);
  for (const report of [terminalReport(now, {}, {}), markdownReport(now), htmlReport(now, []), junitReport(now)]) {
    assert.doesNotMatch(report, /undefined|NaN|null/);
  }
  assert.throws(read(json({ ...old, skew: undefined })), { code: "BAD_RESULT" });
});

test("what is not a result says so: what, where, and what to do", () => {
  assert.equal(checkResult(result, "x"), result);
  const newer = { code: "NEWER_RESULT", message: /runs\/a\/result\.json is version 3 .* reads version 2/ };
  assert.throws(read(json({ ...result, version: 3 })), newer);
  assert.throws(read("{ broken"), { code: "BAD_RESULT", message: /runs\/a\/result\.json is not JSON/ });
  assert.throws(read(json({ ...result, skew: { ...result.skew, cv: "a" } })), {
    code: "BAD_RESULT",
    message: /\/skew\/cv/,
  });
  for (const value of [null, 7, [], {}, { version: 0 }, { version: "1" }, { ...result, advice: [] }]) {
    assert.throws(read(json(value)), { code: "BAD_RESULT" }, json(value).slice(0, 40));
  }
});
