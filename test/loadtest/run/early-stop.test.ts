import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Result } from "../../../loadtest/analysis/result/result.ts";
import { parseThresholds } from "../../../loadtest/analysis/thresholds/threshold.ts";
import { createK6Driver } from "../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { terminalReport } from "../../../loadtest/report/reports.ts";
import { headline, leadInWords } from "../../../loadtest/report/words/run.ts";
import { stopHeadline } from "../../../loadtest/report/words/traffic.ts";
import { exitCodeOf } from "../../../loadtest/run/exit-code.ts";
import { executeRun } from "../../../loadtest/run/run.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../support/k6.ts";
import { assertMeasured } from "../../support/measured.ts";

for (const driver of [createNodeDriver(), createK6Driver()]) {
  const skip = driver.name === "k6" && skipWithoutK6;
  test(
    `by ${driver.name} a run whose threshold is lost for good ends, says so, and fails by it`,
    { skip },
    async (t) => {
      const out = await mkdtemp(join(tmpdir(), "hotshard-stop-"));
      t.after(() => rm(out, { recursive: true, force: true }));
      // Every commit takes 20 ms at least, on any machine: 120 of 12,000 deliveries are too slow after some seconds.
      const result = await executeRun({
        scenario: "random",
        dials: { ...DEFAULT_DIALS, users: 60, rate: 100, durationS: 120, warmupS: 0.5 },
        driver,
        secret: DEVELOPMENT_SECRET,
        url: null,
        serverArgs: ["--shards", "2?commitMs=20"],
        out,
        command: "hotshard run random",
        thresholds: parseThresholds(["delivery.p99<10ms"]),
        stopWhen: "lost",
      });
      const { audit, run, thresholds, traffic } = result;
      const { stopped } = run;
      assert.ok(stopped !== undefined);
      assert.deepEqual([stopped.why, stopped.thresholds, stopped.ofS], ["lost", ["delivery.p99<10ms"], 120.5]);
      assert.ok(stopped.atS < 120 && run.durationS < 120 && traffic.sent < 11_000, JSON.stringify(stopped));
      assert.deepEqual([run.interrupted, audit.match, traffic.late, traffic.unknown], [false, true, 0, 0]);
      assert.match(
        headline(result),
        /^Stopped after [\d.]+ s of 120\.5 s: delivery\.p99<10ms was lost, whatever the rest\.$/,
      );
      assert.match(leadInWords(result), /takes \d+\.\d\u202f% of the messages/, "and then the skew");
      assert.match(terminalReport(result, {}, {}), /Stopped after[^]*asked 100\/s on average, made [\d.]+\/s/);
      if (!assertMeasured(t, result)) return;
      assert.deepEqual([thresholds?.[0]?.status, exitCodeOf(result)], ["failed", 1]);
    },
  );
}

test("why a run ended is said for one threshold and for several", () => {
  const stopped = { atS: 20.04, ofS: 62, why: "known" as const };
  const words = (...thresholds: string[]) =>
    stopHeadline({ run: { stopped: { ...stopped, thresholds } } } as unknown as Result);
  assert.equal(words("errors<1%"), "Stopped after 20 s of 62 s: errors<1% is known well enough.");
  assert.equal(words("a", "b"), "Stopped after 20 s of 62 s: a, b are known well enough.");
});
