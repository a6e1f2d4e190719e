import assert from "node:assert/strict";
import { test } from "node:test";
import { audit, auditFaults } from "../../../../loadtest/analysis/audit/audit.ts";
import { undeliveredOf } from "../../../../loadtest/analysis/audit/undelivered.ts";
import { createBalanceSheet, mergeBalances } from "../../../../loadtest/measurement/delivery-balance.ts";
import { goodMeasurement } from "../measurement.ts";

test("author and reader count into the same bucket, in one process or in several", () => {
  const [authors, readers] = [createBalanceSheet(9, 60_000), createBalanceSheet(9, 60_000)];
  for (let i = 0; i < 6_000; i += 1) {
    const at = i * 9.99999999;
    authors.acknowledged(1 + (i % 9), at);
    // As the text of a message has it, to the microsecond.
    if (i !== 777) readers.delivered(1 + (i % 9), Math.round(at * 1_000) / 1_000);
  }
  authors.acknowledged(10, 5);
  const { widthMs, rows } = mergeBalances([authors.toData(), readers.toData()]);
  assert.deepEqual([widthMs, rows], [1_000, [[1 + (777 % 9), 7, 1]]]);
});

test("however long the run and however many its readers, a sheet stays small", () => {
  const long = createBalanceSheet(100, 36_000_000).toData();
  assert.equal(long.widthMs, 562_500);
  const many = createBalanceSheet(1_000_000, 600_000);
  many.acknowledged(1_000_000, 599_999);
  assert.deepEqual(many.toData(), { widthMs: 200_000, rows: [[1_000_000, 2, 1]] });
});

test("what a reader who was there did not get is the server's fault; what it missed while away is not", () => {
  const rows = [
    [1, 3, 2],
    [2, 3, 5],
    [3, 3, 1],
    [4, 3, -1],
  ] as const;
  const absences = [
    { user: 2, fromMs: 3_500, untilMs: 4_000 },
    // Back before the message was due.
    { user: 3, fromMs: 1_000, untilMs: 2_900 },
    { user: 1, fromMs: 40_000, untilMs: null },
  ];
  const measurement = goodMeasurement({ balance: { widthMs: 1_000, rows }, absences });
  assert.deepEqual(undeliveredOf(measurement), { undelivered: 3, missedWhileAway: 5 });
  const audited = audit(measurement, null, []);
  assert.match(auditFaults(audited).join(), /^3 acknowledged messages never reached a reader who was connected\.$/);
  const cut = audit({ ...measurement, interrupted: true }, null, []);
  assert.deepEqual([cut.undelivered, auditFaults(cut)], [0, []]);
});
