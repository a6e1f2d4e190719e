import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { audit, auditFaults, type Lookup } from "../../../../loadtest/analysis/audit/audit.ts";
import type { AuditReply } from "../../../../server/protocol/http.ts";
import { goodMeasurement } from "../measurement.ts";

const reply = (...shards: AuditReply["shards"]): AuditReply => ({ run: "r", shards });
const full = reply({ shard: "00", rows: 600, sum: 6_000 }, { shard: "01", rows: 400, sum: 4_000 });

const unknown = { dialog: "1_2", author: 1, client: "r-7" };
const bits = Number.parseInt(createHash("md5").update("1_2:1:r-7").digest("hex").slice(0, 6), 16);
const found: Lookup = { unknown, reply: { message: "9", shard: "01" } };
const absent: Lookup = { unknown, reply: { message: null, shard: null } };
const withUnknown = goodMeasurement({ sent: 1_001, unknown: 1 });

test("the same rows on both sides match", () => {
  const verdict = audit(goodMeasurement(), full, []);
  assert.deepEqual(verdict, {
    acked: 1_000,
    stored: 1_000,
    unknown: 0,
    unknownStored: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    undelivered: 0,
    missedWhileAway: 0,
    extraCopies: 0,
    match: true,
  });
  assert.deepEqual(auditFaults(verdict), []);
});

test("a lost message is counted, also when another row took its place", () => {
  const missing = audit(goodMeasurement(), reply({ shard: "00", rows: 598, sum: 5_990 }, full.shards[1]!), []);
  assert.equal(missing.lost, 2);
  assert.equal(missing.match, false);
  assert.match(auditFaults(missing).join(), /at least 2 messages/);

  const swapped = audit(goodMeasurement(), reply({ shard: "00", rows: 600, sum: 6_001 }, full.shards[1]!), []);
  assert.equal(swapped.lost, 1);
  assert.equal(auditFaults(swapped).length, 1);

  const shardGone = audit(goodMeasurement(), reply(full.shards[0]!), []);
  assert.equal(shardGone.lost, 400);
});

test("a message on the wrong shard does not hide behind the total", () => {
  const moved = reply({ shard: "00", rows: 601, sum: 6_010 }, { shard: "01", rows: 399, sum: 3_990 });
  const result = audit(goodMeasurement(), moved, []);
  assert.deepEqual([result.match, result.lost, result.extraCopies], [false, 1, 1]);
});

test("a row too many is an extra copy, also on a shard that acknowledged nothing", () => {
  const result = audit(goodMeasurement(), reply(...full.shards, { shard: "02", rows: 1, sum: 5 }), []);
  assert.deepEqual([result.match, result.lost, result.extraCopies, result.stored], [false, 0, 1, 1_001]);
  assert.equal(auditFaults(result).length, 1);
});

test("an unknown message counts where it was found, and nowhere when it was not", () => {
  const stored = reply(full.shards[0]!, { shard: "01", rows: 401, sum: 4_000 + bits });
  const there = audit(withUnknown, stored, [found]);
  assert.deepEqual([there.match, there.unknown, there.unknownStored, there.lost], [true, 1, 1, 0]);
  const gone = audit(withUnknown, full, [absent]);
  assert.deepEqual([gone.match, gone.unknownStored], [true, 0]);
  assert.equal(audit(withUnknown, full, [found]).lost, 1, "found when asked for, and not in the sums");
});

test("what cannot be compared is neither good nor bad, but a certain loss stays one", () => {
  const less = reply({ shard: "00", rows: 599, sum: 5_990 }, full.shards[1]!);
  const more = reply({ shard: "00", rows: 605, sum: 6_050 }, full.shards[1]!);
  for (const [measurement, lookups] of [
    [goodMeasurement({ interrupted: true }), []],
    [goodMeasurement({ sent: 1_002, unknown: 2 }), [absent]],
    [withUnknown, []],
  ] as const) {
    const open = audit(measurement, more, lookups);
    assert.deepEqual([open.match, open.lost, open.extraCopies], [null, 0, 0]);
    assert.deepEqual(auditFaults(open), []);
    const certain = audit(measurement, less, lookups);
    assert.deepEqual([certain.match, certain.lost], [null, 1]);
    assert.equal(auditFaults(certain).length, 1);
  }
  const silent = audit(goodMeasurement(), null, []);
  assert.deepEqual([silent.match, silent.lost, silent.stored], [null, 0, null]);
});

test("what readers saw is held against the server too", () => {
  const verdict = audit(goodMeasurement({ duplicated: 2, reordered: 3 }), full, []);
  assert.equal(verdict.match, true);
  assert.equal(auditFaults(verdict).length, 2);
});

test("where the shards changed, messages may be elsewhere than they were acknowledged, and twins are excused", () => {
  const moved = { shard: "00", rows: 450, sum: 4_500 };
  const rest = { shard: "02", rows: 550, sum: 5_500 };
  const still = { twins: 0 };
  const here = audit(goodMeasurement(), reply(moved, rest), [], still);
  assert.deepEqual([here.match, here.lost, here.extraCopies, here.twins], [true, 0, 0, 0]);
  // The same counts, of other messages.
  const other = audit(goodMeasurement(), reply(moved, { ...rest, sum: 5_501 }), [], still);
  assert.deepEqual([other.match, other.lost], [false, 1]);
  const twin = reply(moved, { ...rest, rows: 551, sum: 5_500 + bits });
  const unknownTwin = audit(goodMeasurement(), twin, [], still);
  assert.deepEqual([unknownTwin.match, unknownTwin.extraCopies, unknownTwin.twins], [false, 1, 0]);
  const known = audit(goodMeasurement(), twin, [], { twins: 1 });
  assert.deepEqual([known.match, known.extraCopies, known.twins, known.stored], [true, 0, 1, 1_001]);
  assert.deepEqual(auditFaults(known), []);
  // One message adds 24 bits at most, and none takes any away: these are other messages.
  for (const sum of [5_499, 5_500 + 2 ** 24]) {
    const wrong = audit(goodMeasurement(), reply(moved, { ...rest, rows: 551, sum }), [], { twins: 1 });
    assert.deepEqual([wrong.match, wrong.extraCopies], [false, 1], `${sum}`);
  }
  const lost = audit(goodMeasurement(), reply(moved, { ...rest, rows: 549 }), [], { twins: 1 });
  assert.deepEqual([lost.match, lost.lost], [false, 1]);
});
