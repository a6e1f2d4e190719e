import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import { strayFromRate } from "../../../../loadtest/experiments/capacity/follows-rate.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const HOTSHARD = join(import.meta.dirname, "../../../../bin/hotshard.js");
const folder = mkdtempSync(join(tmpdir(), "hotshard-capacity-"));
after(() => rmSync(folder, { recursive: true }));

test("a file with times has no capacity to be found by rate: refused, and nothing is invented", () => {
  const lines = Array.from({ length: 500 }, (_, i) => `${1_760_000_000 + i * 0.004},${i % 37}`);
  writeFileSync(join(folder, "trace.csv"), `time,dialog\n${lines.join("\n")}\n`);
  const args = ["capacity", "trace", "--trace", "trace.csv", "--driver", "node", "--until", "delivery.p99<900ms"];
  const more = ["--duration", "2s", "--within", "1m", "--out", "found", "--json"];
  const run = spawnSync(process.execPath, [HOTSHARD, ...args, ...more], { encoding: "utf8", cwd: folder });
  assert.equal(run.status, 2, run.stderr);
  assert.match(
    run.stderr,
    /^hotshard: RATE_IGNORED: trace does not follow --rate: asked for 500\/s it ran at 25\d\/s \(500 messages\)/mu,
  );
  assert.match(run.stderr, /file of counts .*--speed/u);
  assert.doesNotMatch(run.stderr, /kept/u);
  assert.equal(run.stdout, "");
  assert.ok(!existsSync(join(folder, "found", "capacity.json")));
});

const calm = buildResult(runEvidence({ rate: 400, hotShare: 0 }));

const at = (rate: number, planned: number): Result => ({
  ...calm,
  run: { ...calm.run, dials: { ...calm.run.dials, rate } },
  traffic: { ...calm.traffic, planned },
});

test("a schedule that stays the same is found out at the second rate; bursts and chance are not", () => {
  assert.equal(strayFromRate(null, 400, at(400, 3_200)), null);
  assert.match(strayFromRate(null, 400, at(200, 3_200))!, /^asked for 400\/s it ran at 200\/s/u);
  const first = { rate: 400, planned: 3_200 };
  assert.match(strayFromRate(first, 800, at(800, 3_210))!, /held 3,200 messages, at 800\/s 3,210$/u);
  assert.match(strayFromRate(first, 200, at(200, 3_190))!, /at 200\/s 3,190$/u);
  assert.equal(strayFromRate(first, 800, at(800, 6_300)), null);
  assert.equal(strayFromRate(first, 400, at(400, 3_150)), null);
  assert.equal(strayFromRate(first, 420, at(420, 3_300)), null);
  // A quarter of the messages come whatever the rate is.
  assert.equal(strayFromRate(first, 800, at(800, 5_600)), null);
  assert.equal(strayFromRate({ rate: 400, planned: 16_000 }, 3_200, at(3_200, 128_400)), null, "six times in a burst");
});
