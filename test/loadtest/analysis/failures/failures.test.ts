import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { RunEvidence } from "../../../../loadtest/analysis/result/run-evidence.ts";
import {
  placeFailures,
  unknownMessages,
  withFailures,
  type Failures,
} from "../../../../loadtest/analysis/failures/failures.ts";
import { exitCodeOf } from "../../../../loadtest/run/exit-code.ts";
import {
  clientId,
  createFailedLog,
  eachFailure,
  mergeFailures,
  NO_ANSWER,
  NOT_CONNECTED,
} from "../../../../loadtest/measurement/failed-messages.ts";
import { htmlReport, markdownReport } from "../../../../loadtest/report/reports.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import type { Dials } from "../../../../loadtest/traffic/contract.ts";
import { addScenario, findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { compileTopology } from "../../../../server/placement/router.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import { HOT_DIALOG, runEvidence } from "../../../support/run-evidence.ts";

/** Makes the last `count` stored messages of a dialog messages that failed with this code. */
function failing(evidence: RunEvidence, dialog: string, count: number, code: string): RunEvidence {
  const { measurement } = evidence;
  const log = createFailedLog();
  for (const failed of eachFailure(measurement.failed)) log.add(failed);
  const [author = 0, to = 0] = dialog.split("_").map(Number);
  for (let i = 0; i < count; i += 1) {
    log.add({ code, at: 2_000 + i, author, to, seq: code === NOT_CONNECTED ? 0 : 10_000 + i });
  }
  const { shard } = evidence.dialogs.dialogs.find((row) => row.dialog === dialog)!;
  const less = measurement.shards[shard]!;
  const isSent = code !== NOT_CONNECTED;
  const kind = code === "OVERLOADED" ? "refused" : isSent ? "unknown" : "notConnected";
  const delivered = measurement.delivered - count;
  return {
    ...evidence,
    measurement: {
      ...measurement,
      sent: measurement.sent - (isSent ? 0 : count),
      [kind]: measurement[kind] + count,
      delivered,
      failed: log.toData(),
      shards: { ...measurement.shards, [shard]: { ...less, acked: less.acked - count, sum: less.sum - count } },
    },
    audit: {
      run: evidence.runId,
      shards: evidence.audit!.shards.map((row) =>
        row.shard === shard ? { ...row, rows: row.rows - count, sum: row.sum - count } : row,
      ),
    },
    dialogs: {
      run: evidence.runId,
      dialogs: evidence.dialogs.dialogs.map((row) =>
        row.dialog === dialog ? { ...row, count: row.count - count } : row,
      ),
    },
    unknowns: kind === "unknown" ? Array.from({ length: count }, () => ({ message: null, shard: null })) : [],
  };
}

/** All that must speak of what was offered. */
const ofTraffic = ({ skew, hotDialogs, advice, whatIf, shards, headroom }: Result) => ({
  skew,
  hotDialogs,
  advice,
  whatIf,
  shares: shards.map(({ label, offered, share, offeredPerS, dialogs }) => [
    label,
    offered,
    share,
    offeredPerS,
    dialogs,
  ]),
  headroom: headroom && { ...headroom, limitPerS: 0 },
});

for (const code of ["OVERLOADED", NO_ANSWER, NOT_CONNECTED]) {
  test(`${code}: shares, skew, causes, advice, forecast and headroom are those of the whole traffic`, () => {
    const whole = runEvidence({ hotShare: 0.6 });
    const good = buildResult(whole);
    const cut = failing(whole, HOT_DIALOG, 4_000, code);
    const result = buildResult(cut);
    assert.deepEqual(ofTraffic(result), ofTraffic(good));
    const { shard } = whole.dialogs.dialogs.find((row) => row.dialog === HOT_DIALOG)!;
    const hot = result.shards.find(({ label }) => label === shard)!;
    assert.deepEqual([hot.offered - hot.stored!, hot.offered - hot.acked], [4_000, 4_000]);
    assert.equal(result.traffic.failedShare, 4_000 / 16_000);
    assert.deepEqual(
      result.failures.map((row) => [row.shard, row.code, row.count, row.fromS, row.untilS]),
      [[shard, code, 4_000, 2, 5.999]],
    );
    assert.deepEqual([good.verdict.status, exitCodeOf(good)], ["VALID", 0]);
    assert.deepEqual([result.verdict, exitCodeOf(result)], [{ status: "VALID", reasons: [] }, 1]);
    assert.equal(exitCodeOf(buildResult({ ...cut, maxErrors: 0.25 })), 0);
  });
}

const offered = (of: RunEvidence) => buildResult(of).hotDialogs.reduce((sum, { share }) => sum + share, 0);

test("a failed message that was found stored is offered once", () => {
  const whole = runEvidence({ hotShare: 0.4 });
  const evidence = failing(whole, HOT_DIALOG, 1, NO_ANSWER);
  const stored = { ...evidence, unknowns: [{ message: "7", shard: "00" }] };
  // The database's own count holds it already.
  const row = evidence.dialogs.dialogs.find(({ dialog }) => dialog === HOT_DIALOG)!;
  const held = {
    ...stored,
    dialogs: {
      ...stored.dialogs,
      dialogs: stored.dialogs.dialogs.map((one) => (one === row ? { ...row, count: row.count + 1 } : one)),
    },
  };
  for (const one of [evidence, held]) assert.equal(offered(one), offered(whole));
});

test("messages that were never sent fall on all parts of a dialog that is split, and are without an answer", () => {
  const overrides = [{ action: "split", dialog: "1_2", shards: ["00", "01"] }] as const;
  const topology = singleSegment({ labels: ["00", "01"], placement: "slots", overrides });
  const log = createFailedLog();
  for (let at = 0; at < 400; at += 1) log.add({ code: NOT_CONNECTED, at: 10 * at, author: 1, to: 2, seq: 0 });
  const measurement = { failed: log.toData(), startedAt: "2026-01-01T00:00:00.000Z" };
  const dials = { users: 10, rate: 1, arrivals: "", durationS: 9, warmupS: 1, seed: 1, offlineShare: 0.1 };
  const story = { online: 8, isHot: () => false };
  const placed = placeFailures({ measurement, runId: "r", dials, story, topology, stored: new Set() });
  for (const label of ["00", "01"]) {
    const count = placed.counts.get(label) ?? 0;
    assert.ok(count > 150 && count < 250, `${count} of 400 on ${label}`);
    assert.equal(placed.unanswered.get(label)?.length, count);
  }
});

test("a message is laid at the shard where its dialog, its moment and its client id put it", () => {
  const overrides = [{ action: "split", dialog: "1_2", shards: ["00", "01", "02", "03"] }] as const;
  const topology = singleSegment({ labels: ["00", "01", "02", "03"], placement: "slots", overrides });
  const router = compileTopology(topology);
  const log = createFailedLog();
  for (let seq = 1; seq <= 400; seq += 1) log.add({ code: "OVERLOADED", at: 10 * seq, author: 1, to: 2, seq });
  log.add({ code: NO_ANSWER, at: 5, author: 3, to: 9, seq: 1 });
  const measurement = { failed: log.toData(), startedAt: "2026-01-01T00:00:00.000Z" };
  const dials = { users: 10, rate: 1, arrivals: "", durationS: 9, warmupS: 1, seed: 1, offlineShare: 0.1 };
  const story = { online: 8, isHot: (author: number) => author === 1 };
  const placed = placeFailures({ measurement, runId: "r", dials, story, topology, stored: new Set() });
  assert.equal(placed.counts.size, 4);
  for (const [shard, count] of placed.counts) {
    const own = Array.from({ length: 400 }, (_, i) => clientId("r", 1, 2, i + 1)).filter(
      (client) => router.labels[router.place({ dialog: "1_2", id: 1n, author: 1, client })] === shard,
    );
    const other = router.labels[router.place({ dialog: "3_9", id: 1n, author: 3, client: "" })] === shard ? 1 : 0;
    assert.equal(count, own.length + other);
  }
  const never = [...placed.never.values()];
  const sum = (name: "messages" | "deliveries" | "innocents") => never.reduce((all, one) => all + one[name], 0);
  // From 1 s on, and the one to user 9, who never connects, is no delivery.
  assert.deepEqual([sum("messages"), sum("deliveries"), sum("innocents")], [301, 301, 0]);
  assert.deepEqual(unknownMessages(measurement, "r"), [{ dialog: "3_9", author: 3, client: "r-3-9-1" }]);
});

test("slices say what failed in them, also where nothing came back", () => {
  const seconds: Failures["seconds"] = new Map([
    [
      "01",
      new Map<number, Record<string, number>>([
        [1, { OVERLOADED: 2 }],
        [9, { NO_ANSWER: 1 }],
      ]),
    ],
  ]);
  const slices = [0, 1].flatMap((second) =>
    ["00", "01"].map((shard) => ({ second, shard, acked: 5, deliveryMs: null })),
  );
  const told = withFailures(slices, seconds).flatMap(({ second, shard, acked, failed }) =>
    failed === undefined ? [] : [[second, shard, acked, failed]],
  );
  assert.deepEqual(told, [
    [1, "01", 5, { OVERLOADED: 2 }],
    [9, "01", 0, { NO_ANSWER: 1 }],
  ]);
  const long = slices.map((slice) => ({ ...slice, second: 2 * slice.second, seconds: 2 }));
  assert.deepEqual(withFailures(long, seconds).find(({ failed }) => failed?.["OVERLOADED"])?.second, 0);
});

test("the log grows, and logs of several generators add up", () => {
  const log = createFailedLog();
  for (let i = 0; i < 1_000; i += 1) log.add({ code: i % 2 ? NO_ANSWER : "INTERNAL", at: i, author: 1, to: i, seq: i });
  const data = log.toData();
  assert.deepEqual([data.code.length, data.to[999], data.codes], [1_000, 999, ["INTERNAL", NO_ANSWER]]);
  const other = createFailedLog();
  other.add({ code: NO_ANSWER, at: 4.7, author: 9, to: 8, seq: 7 });
  const merged = [...eachFailure(mergeFailures([other.toData(), data]))];
  assert.deepEqual([merged.length, merged[0]], [1_001, { code: NO_ANSWER, at: 4, author: 9, to: 8, seq: 7 }]);
});

test("a rehearsal shows its windows and its recovery, and lets messages fail", () => {
  const gaga = findScenario("lady-gaga")!;
  const windows = [
    { name: "before", fromS: 0, untilS: 2 },
    { name: "during", fromS: 2, untilS: 6 },
    { name: "after", fromS: 6, untilS: 8 },
  ];
  const rehearsal = { ...gaga, name: "rehearsal", make: (dials: Dials) => ({ ...gaga.make(dials), windows }) };
  addScenario("./rehearsal.js", rehearsal);
  const whole = runEvidence({ hotShare: 0.6 });
  const cut = failing({ ...whole, scenario: "./rehearsal.js" }, HOT_DIALOG, 4_000, "SHARD_UNAVAILABLE");
  const result = buildResult(cut);
  assert.deepEqual(
    result.windows.map(({ name, failed }) => [name, failed]),
    [
      ["before", 0],
      ["during", 4_000],
      ["after", 0],
    ],
  );
  assert.deepEqual([result.verdict.status, result.run.maxErrors, exitCodeOf(result)], ["VALID", 1, 0]);
  assert.match(markdownReport(result), /## Before, during, after\n[^]*\| during \| 2 s \| 6 s \| 4,000 \|/);
  assert.match(htmlReport(result, []), /id="windows"/);
  const strict = { ...rehearsal, make: (dials: Dials) => ({ ...rehearsal.make(dials), maxErrors: 0.1 }) };
  addScenario("./strict.js", strict);
  assert.equal(exitCodeOf(buildResult({ ...cut, scenario: "./strict.js" })), 1);
});
