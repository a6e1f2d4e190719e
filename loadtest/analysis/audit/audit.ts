import { hash } from "node:crypto";
import { sum } from "d3-array";
import type { AuditMessageReply, AuditReply } from "../../../server/protocol/http.ts";
import type { Measurement, UnknownMessage } from "../../measurement/measurement.ts";
import { plural } from "../../stats/format.ts";
import type { Result } from "../result/result.ts";
import { ANOMALY_KINDS } from "../history/anomaly.ts";
import { undeliveredOf } from "./undelivered.ts";
import { auditBits, auditKey } from "../../measurement/audit-key.ts";

/** What the server answered for one message of unknown outcome. */
export interface Lookup {
  readonly unknown: UnknownMessage;
  readonly reply: AuditMessageReply;
}

interface Rows {
  readonly rows: number;
  readonly sum: number;
}

/** Of shards that changed while the run went on: a message need not be where it was acknowledged. */
export interface ShardChanges {
  /** Messages that are stored under two ids, as the shards say. */
  readonly twins: number;
}

const NO_ROWS: Rows = { rows: 0, sum: 0 };
/** What one message adds to a sum at most. */
const MOST_BITS = 2 ** 24 - 1;

/**
 * Compares what the generator was promised with what the shards hold. Equal counts and equal sums of 24 bits of md5
 * show that the same messages are on both sides; a difference escapes with a chance of 2^−24.
 *
 * Counts are exact lower bounds: a shard with as many rows as expected and another sum counts as one message lost.
 *
 * @param reply null when the server could not be asked: then nothing can be compared
 * @param lookups one for each message of unknown outcome (`unknownMessages`)
 * @param changes null: the shards stayed the same, and each is held against its own acknowledgements; else all together
 */
export function audit(
  measurement: Measurement,
  reply: AuditReply | null,
  lookups: readonly Lookup[],
  changes: ShardChanges | null = null,
): Result["audit"] {
  const { undelivered, missedWhileAway } = undeliveredOf(measurement);
  const of = changes === null ? byShard : together;
  const expected = of(expectation(measurement, lookups));
  const stored = of(new Map((reply?.shards ?? []).map((shard) => [shard.shard, shard])));
  let [lost, extraCopies, mismatches, twins] = [0, 0, 0, 0];
  for (const shard of reply === null ? [] : new Set([...expected.keys(), ...stored.keys()])) {
    const due = expected.get(shard) ?? NO_ROWS;
    const found = stored.get(shard) ?? NO_ROWS;
    if (found.rows === due.rows && found.sum === due.sum) continue;
    if (changes !== null && areTwins(due, found, changes.twins)) {
      twins = found.rows - due.rows;
      continue;
    }
    mismatches += 1;
    if (found.rows > due.rows) extraCopies += found.rows - due.rows;
    else lost += Math.max(1, due.rows - found.rows);
  }
  const isWhole = !measurement.interrupted && (measurement.generator.lost ?? []).length === 0;
  const comparable = reply !== null && isWhole && lookups.length === measurement.unknown;
  return {
    acked: sum(Object.values(measurement.shards), ({ acked }) => acked),
    stored: reply === null ? null : sum(stored.values(), ({ rows }) => rows),
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
    ...(changes !== null && { twins: comparable ? twins : 0 }),
    match: comparable ? mismatches === 0 : null,
  };
}

const byShard = (rows: ReadonlyMap<string, Rows>): ReadonlyMap<string, Rows> => rows;

/** Set sums add up, wherever the rows are. */
function together(rows: ReadonlyMap<string, Rows>): ReadonlyMap<string, Rows> {
  const all = [...rows.values()];
  return new Map([["all", { rows: sum(all, (row) => row.rows), sum: sum(all, (row) => row.sum) }]]);
}

/** Whether the rows too many may be those that the shards say are stored under two ids. */
function areTwins(due: Rows, found: Rows, known: number): boolean {
  const twins = found.rows - due.rows;
  const bits = found.sum - due.sum;
  return twins > 0 && twins <= known && bits >= 0 && bits <= twins * MOST_BITS;
}

/** Rows and sums per shard: the acknowledged messages and those of unknown outcome that were found. */
function expectation(measurement: Measurement, lookups: readonly Lookup[]): Map<string, Rows> {
  const expected = new Map<string, Rows>();
  for (const [label, { acked, sum: ackedSum }] of Object.entries(measurement.shards)) {
    expected.set(label, { rows: acked, sum: ackedSum });
  }
  for (const { unknown, reply } of lookups) {
    if (reply.shard === null) continue;
    const { rows, sum: before } = expected.get(reply.shard) ?? NO_ROWS;
    const bits = auditBits(hash("md5", auditKey(unknown.dialog, unknown.author, unknown.client), "hex"));
    expected.set(reply.shard, { rows: rows + 1, sum: before + bits });
  }
  return expected;
}

/** What an audit holds against the server, one sentence each: any of them fails the run. */
export function auditFaults(audited: Result["audit"]): string[] {
  const { match, lost, extraCopies, duplicated, reordered, undelivered, history } = audited;
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
  const wrong = history === undefined ? 0 : sum(ANOMALY_KINDS.map((kind) => history[kind]));
  if (wrong > 0) faults.push(`${plural(wrong, "message")} ${wrong === 1 ? "is" : "are"} not right in the histories.`);
  return faults;
}
