import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Operation } from "../../../../loadtest/measurement/operations.ts";
import { checkLog } from "../../../../loadtest/run/history/check-log.ts";
import { eachOperation } from "../../../../loadtest/run/history/operation-log.ts";
import { SENT, STARTED_AT, writeLog } from "../../../support/operation-log.ts";
import { temporaryFolder } from "../../../support/server.ts";

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = { version: 2, run: "abc", share: 1 } as const;

test("operations come file by file, each known by its file and line, all on the schedule's clock", async () => {
  writeLog(folder, "operations-00.ndjson.gz", [HEAD, ...SENT.slice(0, 3)]);
  const page: Operation = ["p", 30, 7, 81, 1, { begin: 20, stable: "120", rows: [] }];
  writeLog(folder, "operations-reads.ndjson.gz", [{ ...HEAD, startedAt: STARTED_AT - 500 }, page]);
  const taken: Operation[] = [];
  const files = ["operations-00.ndjson.gz", "operations-reads.ndjson.gz"];
  const places = await eachOperation(folder, files, STARTED_AT, (operation) => taken.push(operation));
  assert.deepEqual(taken.slice(0, 3), SENT.slice(0, 3));
  assert.deepEqual(taken[3], ["p", -470, 7, 81, 1, { begin: -480, stable: "120", rows: [] }]);
  assert.equal(places.of(0), "operations-00.ndjson.gz line 2");
  assert.equal(places.of(2), "operations-00.ndjson.gz line 4");
  assert.equal(places.of(3), "operations-reads.ndjson.gz line 2");
});

test("a log that is cut off, of another version, or holds what is no operation is refused with its file and line", async () => {
  const file = "operations-00.ndjson.gz";
  const bad: [lines: (typeof HEAD | Operation | string)[], expected: RegExp][] = [
    [[], /is empty$/u],
    [["{}"], /line 1 is not/u],
    [["["], /line 1 is not/u],
    [['{"version":1,"run":"abc","share":1}'], /is of version 1, and this reads 2; run again$/u],
    [['{"version":3,"run":"abc","share":1}'], /is of version 3, and this reads 2; take a newer hotshard$/u],
    [[HEAD, SENT[0]!, "nothing"], /line 3 is no operation/u],
    [[HEAD, '["x",0,7,81,1]'], /line 2 is no operation/u],
    [[HEAD, '["i",0,7,81,"1"]'], /line 2 is no operation/u],
    [[HEAD, '["a",0,7,81,1,100]'], /line 2 is no operation/u],
    [[HEAD, '["p",0,7,81,1,{"begin":0,"rows":[]}]'], /line 2 is no operation/u],
    [[HEAD, '["p",0,7,81,1,{"begin":0,"stable":"1","rows":[[7,1]]}]'], /line 2 is no operation/u],
  ];
  for (const [lines, message] of bad) {
    writeLog(folder, file, lines);
    const code = /version [13]/u.test(message.source) ? "OTHER_LOG" : "BAD_LOG";
    await assert.rejects(
      eachOperation(folder, [file], STARTED_AT, () => {}),
      { code, message },
    );
  }
  writeLog(folder, file, [HEAD, ...SENT]);
  const whole = readFileSync(join(folder, file));
  for (const content of [whole.subarray(0, whole.length - 12), Buffer.from("not packed")]) {
    writeFileSync(join(folder, file), content);
    const refused = { code: "BAD_LOG", message: /cannot be unpacked/u };
    await assert.rejects(
      eachOperation(folder, [file], STARTED_AT, () => {}),
      refused,
    );
  }
});

test("a folder without a log is told how to get one", async () => {
  const empty = temporaryFolder();
  await assert.rejects(checkLog(empty, STARTED_AT), { code: "NO_LOG", message: /run with --log 1/u });
  rmSync(empty, { recursive: true });
});
