import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import { HOT_DIALOG, MACHINE, runEvidence } from "../../support/run-evidence.ts";

const near = (actual: number | undefined, expected: number, within: number): void =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);

test("a hot dialog on a saturated shard: every conclusion of the third act", () => {
  const evidence = runEvidence();
  const result = buildResult(evidence);
  assert.deepEqual(buildResult(evidence), result, "the same evidence gives the same result");
  assert.equal(result.verdict.status, "VALID", JSON.stringify(result.verdict.reasons));
  const hot = result.shards.find(({ share }) => share > 0.5)!;
  assert.equal(hot.stored, evidence.audit!.shards.find(({ shard }) => shard === hot.label)!.rows);
  near(
    result.shards.reduce((sum, { share }) => sum + share, 0),
    1,
    1e-9,
  );
  near(result.skew.maxOverMean, 2.2, 0.05);
  const { chance, popularity, placement, hash } = result.skew.causes!;
  near(chance.factor * popularity.factor * placement.factor * hash.factor, result.skew.maxOverMean, 1e-9);
  near(popularity.factor, 2.16, 0.05);
  near(result.skew.effectiveShards, 1.82, 0.05);
  assert.deepEqual(
    { dialog: result.hotDialogs[0]?.dialog, error: result.hotDialogs[0]?.error, shard: result.hotDialogs[0]?.shard },
    { dialog: HOT_DIALOG, error: 0, shard: hot.label },
  );
  assert.equal(result.hotDialogs.length, 10);
  near(result.traffic.topDialogShare.realised, 0.4, 0.01);
  assert.equal(result.blastRadius?.shard, hot.label);
  assert.ok(result.blastRadius.p99 > 3, `${result.blastRadius.p99}`);
  assert.equal(result.headroom?.shard, hot.label);
  assert.ok(result.headroom.growthToLimit < 0 && (result.headroom.afterAdvice ?? 0) > 0.3);
  near(hot.offeredPerS, 1_100, 30);
  near(hot.limitPerS ?? 0, 985, 5);
  assert.equal(result.advice[0]?.action, "split");
  near(result.advice[0].forecast.maxOverMean, 1.13, 0.2);
  assert.match(result.server.shaped ?? "", /20 ms/);
  assert.equal(result.audit.match, true);
});

test("the advice followed: spread over its shards, the innocents are free, and the result says how", () => {
  const [advice] = buildResult(runEvidence()).advice;
  const overrides = [{ dialog: HOT_DIALOG, action: "split" as const, shards: advice?.shards ?? [] }];
  const result = buildResult(runEvidence({ overrides }));
  near(result.skew.maxOverMean, advice!.forecast.maxOverMean, 0.1 * advice!.forecast.maxOverMean);
  assert.ok((result.blastRadius?.p99 ?? 9) < 1.2);
  assert.equal(result.hotDialogs[0]?.shard, (advice?.shards ?? []).toSorted().join("+"));
  assert.ok(result.skew.causes!.placement.factor < 1, "distinct shards for the parts are the placement's merit");
  assert.equal(result.server.overrides.length, 1);
});

test("random traffic on slots stays within the noise floor; there is nobody to blame", () => {
  const result = buildResult(runEvidence({ hotShare: 0, rate: 1_000 }));
  assert.ok(result.skew.maxOverMean <= result.skew.noiseFloor.p99);
  assert.equal(result.blastRadius, null);
  assert.equal(result.traffic.topDialogShare.asked, null);
  assert.equal(result.advice[0]?.action, "none");
  assert.equal(result.headroom?.afterAdvice, null);
  assert.ok((result.skew.hashTest?.pValue ?? 0) > 0.001);
});

test("nothing was stored, a server that was started anew, a shard that is gone: still a result", () => {
  const evidence = runEvidence({ rate: 100 });
  const nothing = buildResult({
    ...evidence,
    dialogs: { run: "x", dialogs: [] },
    measurement: { ...evidence.measurement, shards: {} },
  });
  assert.equal(nothing.skew.maxOverMean, 1);
  assert.deepEqual(nothing.hotDialogs, []);
  const restarted = buildResult({ ...evidence, before: { ...evidence.after, shards: evidence.after.shards } });
  assert.ok(restarted.shards.every(({ busy }) => busy >= 0));
  const after = { ...evidence.after, shards: evidence.after.shards.slice(1) };
  assert.equal(buildResult({ ...evidence, after }).shards[0]?.limitPerS, null);
});

test("how long an interrupted run went on is told by its slices where the pace is the story's own", () => {
  const evidence = runEvidence({ rate: 500, durationS: 6 });
  const { measurement, dials } = evidence;
  const interrupted = { ...measurement, interrupted: true };
  const even = buildResult({ ...evidence, measurement: interrupted, dials: { ...dials, durationS: 600 } });
  near(even.traffic.rate, 500, 1);
  // 100 a second before the burst: as many messages of even traffic would have taken 40 s.
  const crowd = { ...dials, durationS: 600, rate: 100 };
  const burst = buildResult({ ...evidence, scenario: "flash-crowd", measurement: interrupted, dials: crowd });
  near(burst.traffic.rate, 500, 75);
  assert.equal(even.advice[0]?.action, "split");
  assert.match(burst.advice[0]!.text, /yesterday's star/u, "its hot dialogs change");
  near(burst.shards[0]?.offeredPerS, even.shards[0]!.offeredPerS, 0.15 * even.shards[0]!.offeredPerS);
  const nothing = { ...interrupted, planned: 0, slices: [] };
  assert.ok(buildResult({ ...evidence, scenario: "flash-crowd", measurement: nothing, dials: crowd }).traffic.rate > 0);
});

test("a generator's processor is judged by the cores that it had, not by those of this machine", () => {
  const evidence = runEvidence({ rate: 400, hotShare: 0 });
  const judged = (driver: "node" | "k6", cpu: number, cores: number) => {
    const { generator } = evidence.measurement;
    const measurement = { ...evidence.measurement, driver, generator: { ...generator, cpu } };
    return buildResult({ ...evidence, measurement, machine: { ...MACHINE, cores } });
  };
  const reasons = (...of: Parameters<typeof judged>) => judged(...of).verdict.reasons.map(({ code }) => code);
  assert.deepEqual(reasons("k6", 1.9, 2), ["GENERATOR_CPU"]);
  assert.deepEqual(reasons("k6", 1.9, 1_000), []);
  assert.deepEqual(reasons("k6", 900, 1_000), []);
  assert.deepEqual(reasons("k6", 901, 1_000), ["GENERATOR_CPU"]);
  assert.deepEqual(reasons("node", 0.95, 1_000), ["GENERATOR_CPU"], "one thread, whatever the machine has");
  assert.deepEqual(reasons("node", 0.5, 0.5), ["GENERATOR_CPU"], "a container with half a core");
  assert.equal(judged("k6", 1.9, 2).run.machine?.cores, 2);
  assert.deepEqual(judged("k6", 1.9, 2).verdict.reasons[0]?.evidence?.["limitCores"], 1.8);
});

test("even shards that are sent more than they can write want more shards, whatever the placement", () => {
  const { advice, headroom } = buildResult(runEvidence({ hotShare: 0, rate: 8_000 }));
  assert.ok(headroom!.growthInterval!.high < 0);
  assert.deepEqual(
    advice.map(({ action }) => action),
    ["none"],
  );
  assert.match(
    advice[0]!.text,
    /Shard \d\d is sent more than it can write \([\d,]+\/s of at most [\d,]+\/s\): add shards/,
  );
  assert.doesNotMatch(buildResult(runEvidence({ hotShare: 0, rate: 500 })).advice[0]!.text, /add shards/);
});
