import { hash } from "node:crypto";
import type { AuditMessageReply, AuditReply } from "../../../server/protocol/http.ts";
import type { Measurement, UnknownMessage } from "../../measurement/measurement.ts";
import { plural } from "../../stats/format.ts";
import type { Result } from "../result/result.ts";
import { undeliveredOf } from "./undelivered.ts";
import { auditBits, auditKey } from "../../measurement/audit-key.ts";

/** What the server answered for one message of unknown outcome. */
export interface Lookup {
  readonly unknown: UnknownMessage;
  readonly reply: AuditMessageReply;
}

/** A shard whose rows are not the ones that were acknowledged. */
interface Mismatch {
  readonly shard: string;
  readonly expectedRows: number;
  readonly rows: number;
  readonly expectedSum: number;
  readonly sum: number;
}

export interface AuditVerdict {
  readonly audit: Result["audit"];
  readonly mismatches: readonly Mismatch[];
}

interface Expected {
  rows: number;
  sum: number;
}

/**
 * Compares what the generator was promised with what the shards hold. Equal counts and equal sums of 24 bits of md5
 * show that the same messages are on both sides; a difference escapes with a chance of 2^−24.
 *
 * Counts are exact lower bounds: a shard with as many rows as expected and another sum counts as one message lost.
 *
 * @param reply null when the server could not be asked: then nothing can be compared
 * @param lookups one for each message of unknown outcome (`unknownMessages`)
 */
export function audit(measurement: Measurement, reply: AuditReply | null, lookups: readonly Lookup[]): AuditVerdict {
  const { undelivered, missedWhileAway } = undeliveredOf(measurement);
  const expected = expectation(measurement, lookups);
  const stored = new Map((reply?.shards ?? []).map((shard) => [shard.shard, shard]));
  const mismatches: Mismatch[] = [];
  let lost = 0;
  let extraCopies = 0;
  for (const shard of reply === null ? [] : new Set([...expected.keys(), ...stored.keys()])) {
    const { rows: expectedRows, sum: expectedSum } = expected.get(shard) ?? { rows: 0, sum: 0 };
    const { rows, sum } = stored.get(shard) ?? { rows: 0, sum: 0 };
    if (rows === expectedRows && sum === expectedSum) continue;
    mismatches.push({ shard, expectedRows, rows, expectedSum, sum });
    if (rows > expectedRows) extraCopies += rows - expectedRows;
    else lost += Math.max(1, expectedRows - rows);
  }
  const isWhole = !measurement.interrupted && (measurement.generator.lost ?? []).length === 0;
  const comparable = reply !== null && isWhole && lookups.length === measurement.unknown;
  return {
    audit: {
      acked: sum(Object.values(measurement.shards).map((shard) => shard.acked)),
      stored: reply === null ? null : sum([...stored.values()].map((shard) => shard.rows)),
      unknown: measurement.unknown,
      unknownStored: lookups.filter((lookup) => lookup.reply.shard !== null).length,
      lost,
      duplicated: measurement.duplicated,
      reordered: measurement.reordered,
      // What was under way when a run was stopped, or went to a generator that died, nobody waited for.
      undelivered: isWhole ? undelivered : 0,
      missedWhileAway: isWhole ? missedWhileAway : 0,
      // Rows that an incomparable run cannot account for are not copies: nobody counted their acks.
      extraCopies: comparable ? extraCopies : 0,
      match: comparable ? mismatches.length === 0 : null,
    },
    mismatches,
  };
}

/** Rows and sums per shard: the acknowledged messages and those of unknown outcome that were found. */
function expectation(measurement: Measurement, lookups: readonly Lookup[]): Map<string, Expected> {
  const expected = new Map<string, Expected>();
  for (const [label, { acked, sum: ackedSum }] of Object.entries(measurement.shards)) {
    expected.set(label, { rows: acked, sum: ackedSum });
  }
  for (const { unknown, reply } of lookups) {
    if (reply.shard === null) continue;
    const row = expected.get(reply.shard) ?? { rows: 0, sum: 0 };
    row.rows++;
    row.sum += auditBits(hash("md5", auditKey(unknown.dialog, unknown.author, unknown.client), "hex"));
    expected.set(reply.shard, row);
  }
  return expected;
}

/** What an audit holds against the server, one sentence each: any of them fails the run. */
export function auditFaults(audited: Result["audit"]): string[] {
  const { match, lost, extraCopies, duplicated, reordered, undelivered } = audited;
  const faults: string[] = [];
  if (lost > 0) faults.push(`Acknowledged and not stored: at least ${plural(lost, "message")}.`);
  if (extraCopies > 0) faults.push(`Stored and neither acknowledged nor found: ${plural(extraCopies, "row")}.`);
  if (match === false && faults.length === 0)
    faults.push("The shards do not hold the messages that were acknowledged.");
  if (undelivered > 0)
    faults.push(`${plural(undelivered, "acknowledged message")} never reached a reader who was connected.`);
  if (duplicated > 0) faults.push(`${plural(duplicated, "message")} reached their reader twice.`);
  if (reordered > 0)
    faults.push(`${plural(reordered, "message")} came after one that was sent later than their acknowledgement.`);
  return faults;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
