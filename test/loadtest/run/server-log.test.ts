import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { markdownReport } from "../../../loadtest/report/reports.ts";
import { headline } from "../../../loadtest/report/words/run.ts";
import { executeRun } from "../../../loadtest/run/run.ts";
import { createServerLog, SERVER_LOG } from "../../../loadtest/run/server-log.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { unusedPort } from "../../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-server-log-"));
after(() => rmSync(folder, { recursive: true }));

const run = (out: string, shards: string) =>
  executeRun({
    scenario: "random",
    dials: { ...DEFAULT_DIALS, users: 50, rate: 50, durationS: 2, warmupS: 0 },
    driver: createNodeDriver(),
    secret: DEVELOPMENT_SECRET,
    url: null,
    serverArgs: ["--shards", shards],
    out,
    command: "hotshard run random",
  });

test("what a database said is in the run's folder; a server that says nothing leaves no file", async () => {
  const out = join(folder, "run");
  const dead = `mysql://someone:hunter2@127.0.0.1:${await unusedPort()}/lost`;
  const result = await run(out, `sqlite:${join(folder, "a.db")},${dead}`);
  const log = readFileSync(join(out, SERVER_LOG), "utf8");
  const lines = log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { shard: string; msg: string; err: { message: string } });
  assert.equal(lines[0]?.msg, "shard 01 is down");
  assert.match(lines[0]?.err.message ?? "", /^mysql:\/\/127\.0\.0\.1:\d+\/lost: ECONNREFUSED: /u);

  const [outage] = result.outages;
  assert.equal(outage?.shard, "01");
  assert.equal(outage.reason, lines[0].err.message);
  const lost = result.verdict.reasons.find(({ code }) => code === "SHARD_LOST");
  assert.ok(lost?.message.includes(`because shard 01 is lost (${outage.reason})`), JSON.stringify(result.verdict));
  const report = markdownReport(result);
  assert.match(headline(result), /^Shard 01 did not answer for/u);
  assert.match(report, /without an answer; its database: mysql:&#47;\/127\.0\.0\.1:\d+\/lost: ECONNREFUSED: /u);
  assert.doesNotMatch(report, /longer/iu, "more of it would not be answered either");
  assert.doesNotMatch(log + JSON.stringify(result) + report, /hunter2/u);

  await run(out, "2");
  assert.equal(existsSync(join(out, SERVER_LOG)), false, "nor one of an earlier run in the same folder");
});

test("a log has an end, and one that cannot be written ends nothing", async () => {
  const path = join(folder, "long.log");
  writeFileSync(path, "of another run\n");
  const log = createServerLog(path);
  for (let i = 0; i < 10; i += 1) log.write(`${"x".repeat(2 ** 20 - 1)}\n`);
  await log.end();
  assert.ok(statSync(path).size < 5 * 2 ** 20);
  assert.match(readFileSync(path, "utf8"), /^x+\n(?:x+\n)*… and more, which is left out\n$/u);

  const nowhere = createServerLog(join(folder, "no", "folder", "here.log"));
  nowhere.write("words\n");
  await nowhere.end();
  await createServerLog(join(folder, "silent.log")).end();
  assert.equal(existsSync(join(folder, "silent.log")), false);
});
