import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { exitCodeOf } from "../../../loadtest/run/exit-code.ts";
import { parseThresholds } from "../../../loadtest/analysis/thresholds/threshold.ts";
import type { Result } from "../../../loadtest/analysis/result/result.ts";
import { headline } from "../../../loadtest/report/words/run.ts";
import { executeRun, type RunOrder } from "../../../loadtest/run/run.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { MARIADB_REMEDY, startMariadbs } from "../../support/mariadb.ts";
import { assertMeasured } from "../../support/measured.ts";

/** Generator and books are in order; of the machine's own weakness nothing is asked. */
function assertSound(t: TestContext, result: Result): void {
  const { traffic, audit, shards } = result;
  assertMeasured(t, result);
  assert.equal(audit.match, true);
  const offered = shards.reduce((sum, shard) => sum + shard.offered, 0);
  assert.equal(offered, traffic.planned - traffic.late);
  assert.equal(offered - traffic.acked, traffic.refused + traffic.unknown + traffic.notConnected);
}

describe("a run whose server fails says so before all else", () => {
  let folder = "";
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "hotshard-failures-"))));
  after(() => rm(folder, { recursive: true, force: true }));

  function orderOf(name: string, order: Partial<RunOrder>): RunOrder {
    return {
      scenario: "lady-gaga",
      dials: { ...DEFAULT_DIALS, users: 100, warmupS: 0.5, hotShare: 0.6, mode: "dialog" },
      driver: createNodeDriver(),
      secret: DEVELOPMENT_SECRET,
      url: null,
      serverArgs: [],
      out: join(folder, name),
      command: "hotshard run lady-gaga",
      ...order,
    };
  }

  test("a queue that is full: the hot dialog has its share, the refusals have their shard, and the run fails", async (t) => {
    const result = await executeRun(
      orderOf("refused", {
        dials: { ...DEFAULT_DIALS, users: 100, rate: 600, durationS: 3, warmupS: 0.5, hotShare: 0.6, mode: "dialog" },
        // The hot shard may write 100 rows a second and is sent some 400.
        serverArgs: ["--shards", "4?commitMs=50&maxRows=5", "--queue-rows", "20"],
        thresholds: parseThresholds(["delivery.p99<1000s"]),
      }),
    );
    assertSound(t, result);
    const [hot] = result.hotDialogs;
    assert.ok(Math.abs(hot!.share - 0.6) < 0.06, `${hot!.share} was asked to be 0.6`);
    const shard = result.shards.find(({ label }) => label === hot!.shard)!;
    assert.ok(shard.offered > 1.5 * shard.stored!, `${shard.offered} offered, ${shard.stored} stored`);
    assert.deepEqual(
      [result.failures[0]?.shard, result.failures[0]?.code, exitCodeOf({ ...result, thresholds: [], verdict: VALID })],
      [shard.label, "OVERLOADED", 1],
    );
    assert.match(headline(result), /of the messages failed: OVERLOADED on shard \d\d\.$/);
    const [threshold] = result.thresholds!;
    if (threshold!.status !== "not-judged") assert.deepEqual([threshold!.status, threshold!.value], ["failed", null]);
    const slices = (await readFile(join(folder, "refused", "slices.ndjson"), "utf8")).trim().split("\n");
    const told = slices.flatMap((line) => Object.values((JSON.parse(line) as { failed?: object }).failed ?? {}));
    assert.equal(
      told.reduce((sum: number, count) => sum + Number(count), 0),
      result.failures.reduce((sum, { count }) => sum + count, 0),
    );
    const forecast = result.advice.at(-1)!;
    assert.equal(result.advice[0]!.action, "split");
    assert.ok(forecast.forecast.maxOverMean < 1.3);
  });

  test("a database that is killed and comes back: the outage is named, and the hash is not blamed", async (t) => {
    const servers = await startMariadbs(2);
    if (servers === null) return t.skip(MARIADB_REMEDY);
    t.after(() => Promise.all(servers.map((server) => server.stop())));
    if (servers[1]!.pid() === null) return t.skip("servers of HOTSHARD_TEST_MYSQL are not ours to kill");
    const play = async (durationS: number) => {
      let isBack = false;
      const killing: Promise<void>[] = [];
      const comeBack = async () => {
        await servers[1]!.restart();
        isBack = true;
      };
      const result = await executeRun(
        orderOf("outage", {
          scenario: "random",
          dials: { ...DEFAULT_DIALS, users: 100, rate: 200, durationS, warmupS: 0.5 },
          // What `shard-loss` shows is another server's answer: here the shard stays in.
          serverArgs: ["--failover", "off", "--shards", servers.map((server) => server.url("failures")).join(",")],
          onProgress({ elapsedS }) {
            if (elapsedS > 2 && killing.length === 0) killing.push(servers[1]!.kill());
            // Some databases are back in a quarter of a second, which nobody would call an outage.
            if (elapsedS > 4 && killing.length === 1) killing.push(comeBack());
          },
        }),
      );
      const isInTime = isBack && result.audit.match !== null;
      await Promise.all(killing);
      return { result, isInTime };
    };
    let durationS = 9;
    let played = await play(durationS);
    // A busy machine may need longer to start its database than the run lasts.
    for (let left = 3; !played.isInTime && left > 0; left -= 1) {
      durationS *= 2;
      t.diagnostic(`the database was not back in time, so the run is played again for ${durationS} s`);
      played = await play(durationS);
    }
    const { result } = played;
    assertSound(t, result);
    const [outage, ...more] = result.outages;
    assert.deepEqual([outage?.shard, more.length], ["01", 0]);
    // A connection that is cut, or none to be had: what a database says depends on what it was doing.
    assert.match(outage!.reason ?? "", /^mysql:\/\/127\.0\.0\.1:\d+\/failures: \S+: /u);
    assert.ok(outage!.fromS > 1.5 && outage!.untilS < durationS + 0.5, JSON.stringify(outage));
    assert.match(headline(result), /^Shard 01 did not answer for [\d.]+ s: [\d.]+\s% of the messages failed\.$/);
    assert.equal(exitCodeOf({ ...result, verdict: VALID }), 1);
    // Two shards and some four thousand dialogs are even, whatever failed on one of them.
    assert.ok(result.skew.maxOverMean <= result.skew.noiseFloor.p99, `${result.skew.maxOverMean}`);
    assert.equal(result.advice[0]!.action, "none");
  });
});

const VALID: Result["verdict"] = { status: "VALID", reasons: [] };
