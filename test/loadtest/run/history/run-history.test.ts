import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { auditFaults } from "../../../../loadtest/analysis/audit/audit.ts";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import type { Driver } from "../../../../loadtest/drivers/contract.ts";
import { createK6Driver } from "../../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { checkLog } from "../../../../loadtest/run/history/check-log.ts";
import { watchHistory } from "../../../../loadtest/run/history/run-history.ts";
import { executeRun } from "../../../../loadtest/run/run.ts";
import type { ServerClient } from "../../../../loadtest/run/server-client.ts";
import { exitCodeOf } from "../../../../loadtest/run/exit-code.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";
import type { DialogReply } from "../../../../server/protocol/http.ts";
import { skipWithoutK6 } from "../../../support/k6.ts";
import { SENT, writeLog } from "../../../support/operation-log.ts";
import { runEvidence } from "../../../support/run-evidence.ts";
import { temporaryFolder } from "../../../support/server.ts";

/** A short run on three SQLite shards, whose every dialog is logged. */
async function logged(t: TestContext, driver: Driver): Promise<{ readonly out: string; readonly result: Result }> {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, "run");
  const result = await executeRun({
    scenario: "random",
    dials: { ...DEFAULT_DIALS, users: 30, rate: 100, warmupS: 0.5, durationS: 2 },
    driver,
    secret: DEVELOPMENT_SECRET,
    url: null,
    serverArgs: ["--shards", "3", "--data", join(folder, "data")],
    out,
    command: "again",
    operations: 1,
  });
  return { out, result };
}

/** It ends with a read of each of them, and the check finds nothing wrong. */
async function assertClean(t: TestContext, driver: Driver): Promise<void> {
  const { out, result } = await logged(t, driver);
  const history = result.audit.history!;
  assert.deepEqual(history.evidence, []);
  assert.deepEqual(auditFaults(result.audit), []);
  assert.equal(history.messages, result.traffic.sent);
  assert.equal(history.unread, 0);
  assert.ok(history.pages >= history.dialogs, `${history.pages} pages of ${history.dialogs} dialogs`);
  assert.deepEqual(await checkLog(out, Date.parse(result.run.startedAt)), history);
}

test("a run of the Node driver reads every dialog of its log to the end, and is checked", (t) =>
  assertClean(t, createNodeDriver()));

test("and so is one of k6", { skip: skipWithoutK6 }, (t) => assertClean(t, createK6Driver()));

const atEnd = (order: "ASC" | "DESC"): string => `WHERE id = (SELECT id FROM message ORDER BY id ${order} LIMIT 1)`;

test("a row that a database loses, and one whose text it changes, are found, each with its lines", async (t) => {
  const driver = createNodeDriver();
  const { out, result } = await logged(t, {
    ...driver,
    async drive(order) {
      const measurement = await driver.drive(order);
      const database = new DatabaseSync(join(dirname(order.operations!.folder), "data", "shard-01.db"));
      database.exec(`PRAGMA busy_timeout = 10000; DELETE FROM message ${atEnd("ASC")}`);
      database.exec(`UPDATE message SET text = text || '!' ${atEnd("DESC")}`);
      database.close();
      return measurement;
    },
  });
  const history = result.audit.history!;
  // A sample may have read the first one while the run went on.
  assert.deepEqual([history.lost + history.vanished, history.phantom, history.evidence.length], [1, 1, 2]);
  for (const { lines } of history.evidence) {
    const text = lines.map(({ where }) => lineOf(out, where));
    assert.ok(
      text.every((line) => /^\["[aip]"/u.test(line)),
      text.join(" "),
    );
  }
  assert.equal(exitCodeOf(result), 1);
});

/** @param where `operations-00.ndjson.gz line 3` */
function lineOf(folder: string, where: string): string {
  const [file, , line] = where.split(" ");
  return gunzipSync(readFileSync(join(folder, file!)))
    .toString()
    .split("\n")[Number(line) - 1]!;
}

const { measurement: MEASURED, ...EVIDENCE } = runEvidence({ rate: 100 });
const MEASUREMENT = { ...MEASURED, startedAt: new Date(Date.now() - 60_000).toISOString() };

/** What is made of a log of two messages by a server whose history has some of them. */
function historyOf(t: TestContext, ids: readonly number[]) {
  const out = temporaryFolder();
  t.after(() => rmSync(out, { recursive: true, force: true }));
  // "4124bc0a" and "21ad0bd8" are what md5 makes of the texts.
  const digests = ["4124bc0a", "21ad0bd8"];
  const sent = SENT.map((operation) =>
    operation.map((part) => (part === "aa" ? digests[0]! : part === "bb" ? digests[1]! : part)),
  ) as unknown as typeof SENT;
  writeLog(out, "operations-00.ndjson.gz", [{ version: 2, run: "abc", share: 1 }, ...sent]);
  const messages = ids.map((id) => ({
    message: id === 1 ? "100" : "110",
    dialog: "7_81",
    from: 7,
    to: 81,
    client: `abc-7-81-${id}`,
    text: id === 1 ? "aa" : "bb",
  }));
  const reply: DialogReply = { dialog: "7_81", messages, stable: "120" };
  const client = { messages: async () => reply } as unknown as ServerClient;
  return watchHistory({ client, scenario: "random", dials: DEFAULT_DIALS, runId: "abc", out, operations: 1 });
}

test("a message that the server lost fails the run, with the lines that prove it", async (t) => {
  const history = (await historyOf(t, [2]).check(MEASUREMENT))!;
  assert.deepEqual([history.lost, history.unread], [1, 0]);
  assert.deepEqual(
    history.evidence[0]!.lines.map(({ where }) => where),
    ["operations-00.ndjson.gz line 3", "operations-reads.ndjson.gz line 2"],
  );
  const result = buildResult({ ...EVIDENCE, measurement: MEASUREMENT });
  assert.equal(exitCodeOf(result), 0);
  const judged = { ...result, audit: { ...result.audit, history } };
  assert.deepEqual(auditFaults(judged.audit), ["1 message is not right in the histories."]);
  assert.equal(exitCodeOf(judged), 1);
});

test("the log of a run that was interrupted, or lost a generator, is not whole and is not checked", async (t) => {
  assert.equal(await historyOf(t, [2]).check({ ...MEASUREMENT, interrupted: true }), null);
  const generator = { ...MEASUREMENT.generator, lost: ["generator 1 of 2 broke"] };
  assert.equal(await historyOf(t, [2]).check({ ...MEASUREMENT, generator }), null);
  assert.equal((await historyOf(t, [1, 2]).check(MEASUREMENT))!.lost, 0);
});
