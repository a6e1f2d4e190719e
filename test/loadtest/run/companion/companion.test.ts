import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { companionOf } from "../../../../loadtest/run/companion/companion.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { EXIT, exitCodeOf } from "../../../../loadtest/run/exit-code.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { readsInWords, trendsInWords } from "../../../../loadtest/report/words/facts.ts";
import { executeRun } from "../../../../loadtest/run/run.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-companion-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function run(scenario: string, changes: Readonly<Record<string, number>>): Promise<Result> {
  return executeRun({
    scenario,
    dials: { ...DEFAULT_DIALS, users: 60, rate: 300, warmupS: 0, ...changes },
    driver: createNodeDriver(),
    secret: DEVELOPMENT_SECRET,
    url: null,
    serverArgs: ["--shards", "2"],
    out: join(folder, scenario),
    command: `hotshard run ${scenario}`,
  });
}

test("history: readers page through the writers' dialogs, and what a page asks is shown", async () => {
  const result = await run("history", { durationS: 5, keys: 30, readRate: 40, readers: 4, pages: 3, pageSize: 5 });
  const { reads } = result;
  assert.ok(reads !== undefined);
  assert.equal(reads.failed, 0);
  // How many a busy machine reads is its own affair; more than was asked for is never read.
  assert.ok(reads.pages > 0 && reads.rate <= 60, JSON.stringify(reads));
  assert.deepEqual(
    reads.byFanout.map(({ shards }) => shards),
    [1],
  );
  assert.ok(reads.byFanout[0]!.serviceMs.p50 > 0);
  assert.equal(result.audit.match, true, "readers change nothing");
  assert.match(
    readsInWords(result) ?? "",
    /^History: \d+ pages, \d+ a second of 40 asked for; p95 .* ms, p99 .* ms from 1 shard\.$/,
  );
});

test("history: readers that never began or died do not end the run, and are told of for the verdict", async () => {
  const topology = singleSegment({ labels: ["00"], placement: "slots" });
  const order = { scenario: "history", dials: DEFAULT_DIALS, url: "ws://127.0.0.1:1/chat", secret: "", topology };
  assert.deepEqual(await companionOf(order).end(null), { adds: {}, readersLost: "the run ended before they began" });

  const readers = companionOf(order);
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim();
  const pid = children
    .split(" ")
    .find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("reader-process"))!;
  process.kill(Number(pid), "SIGKILL");
  while (isAlive(Number(pid))) await setImmediate();
  readers.progress({ phase: "measure", elapsedS: 0, totalS: 1, acked: {}, sent: 0, rate: 0 });
  await setImmediate();
  assert.match((await readers.end(null)).readersLost ?? "", /died/);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("soak: too short a run tells no trend, and memory that grows is exit code 1", async () => {
  const result = await run("soak", { durationS: 3 });
  assert.deepEqual(result.trends, { memoryBytes: null, deliveryMs: null });
  assert.match(trendsInWords(result) ?? "", /too short/);
  const trend = { perHour: 3e7, low: 2e7, high: 4e7, level: 2e8, grows: true };
  const leaking: Result = {
    ...result,
    verdict: { status: "VALID", reasons: [] },
    trends: { memoryBytes: trend, deliveryMs: { ...trend, grows: false } },
  };
  assert.equal(exitCodeOf(leaking), EXIT.failed);
  assert.match(trendsInWords(leaking) ?? "", /^The server's memory keeps growing: 28\.6 MB an hour \(19\.1 to 38\.1\)/);
});
