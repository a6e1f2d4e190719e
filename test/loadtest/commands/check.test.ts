import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import type { HistoryCheck } from "../../../loadtest/analysis/result/history-schema.ts";
import type { Operation, Page } from "../../../loadtest/measurement/operations.ts";
import { writeRun } from "../../../loadtest/report/write.ts";
import { SENT, STARTED_AT, writeLog } from "../../support/operation-log.ts";
import { runEvidence } from "../../support/run-evidence.ts";
import { temporaryFolder } from "../../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

function check(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [HOTSHARD, "check", ...args], { encoding: "utf8" });
  assert.doesNotMatch(stderr, /\n {4}at /u, "a stack is shown");
  return { status, stdout, stderr };
}

before(async () => {
  const evidence = runEvidence({ rate: 100 });
  const startedAt = new Date(STARTED_AT).toISOString();
  const result = buildResult({ ...evidence, measurement: { ...evidence.measurement, startedAt } });
  await writeRun(folder, { result, slices: [], dialogs: [] });
});

function logged(rows: Page["rows"], more: Partial<Page> = {}): void {
  const head = { version: 2, run: "abc", share: 1 } as const;
  const page: Operation = ["p", 1_001, 7, 81, 1, { begin: 1_000, stable: "120", rows, ...more }];
  writeLog(folder, "operations-00.ndjson.gz", [head, ...SENT]);
  writeLog(folder, "operations-reads.ndjson.gz", [{ ...head, startedAt: STARTED_AT }, page]);
}

const BOTH: Page["rows"] = [
  [7, 1, "100", "aa"],
  [7, 2, "110", "bb"],
];

test("a clean log is told with what was checked", () => {
  logged(BOTH);
  const { status, stdout } = check(folder);
  assert.equal(stdout, "No anomaly in 7 operations on 2 messages of 1 dialog, with 1 page of history.\n");
  assert.equal(status, 0);
});

test("an anomaly fails, and is shown with the lines that prove it", () => {
  logged(BOTH.slice(1));
  const { status, stdout } = check(folder);
  assert.equal(
    stdout,
    `Anomalies, by message: 1 lost (in 7 operations on 2 messages of 1 dialog, with 1
  page of history).

lost, dialog 7_81: Message 1 of user 7 to user 81 was acknowledged, and no later
  read has it.
- 0.005 s: the server acknowledges message 1 of user 7 to user 81 as 100
  (operations-00.ndjson.gz line 3)
- 1.000 s to 1.001 s: read 1, the newest page (1 message, complete, stable below
  120), does not list message 1 of user 7 to user 81 (100)
  (operations-reads.ndjson.gz line 2)
`,
  );
  assert.equal(status, 1);
  const json = check(folder, "--json");
  assert.equal((JSON.parse(json.stdout) as HistoryCheck).lost, 1);
  assert.equal(json.status, 1);
});

test("a dialog that could not be read to its end is told, with an exit code of its own", () => {
  logged(BOTH, { partial: ["01"] });
  const { status, stdout } = check(folder);
  assert.match(stdout, /1\s+of 1 dialog could not be read to the end: what is lost there is not known\./u);
  assert.equal(status, 5);
});

test("a folder without a log, or without a run, is refused with a code", () => {
  rmSync(join(folder, "operations-00.ndjson.gz"));
  rmSync(join(folder, "operations-reads.ndjson.gz"));
  assert.match(check(folder).stderr, /^hotshard: NO_LOG: [^\n]+ run with --log 1/u);
  assert.match(check(join(folder, "nowhere")).stderr, /^hotshard: NO_RESULT: /u);
});
