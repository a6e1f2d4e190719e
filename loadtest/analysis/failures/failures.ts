import { dialogId } from "../../../server/placement/dialog.ts";
import { composeId } from "../../../server/placement/message-id.ts";
import { createWhen, periodsOf } from "../../../server/placement/periods.ts";
import type { Topology } from "../../../server/placement/contract.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import type { AuditDialogsReply } from "../../../server/protocol/http.ts";
import type { Measurement, Slice, UnknownMessage } from "../../measurement/measurement.ts";
import { clientId, eachFailure, outcomeOf, type FailedMessage } from "../../measurement/failed-messages.ts";
import type { Story } from "../../traffic/contract.ts";
import type { Result } from "../result/result.ts";
import type { RunEvidence } from "../result/run-evidence.ts";

/** Messages of the measured phase that never came, among those of each kind of latency. */
export interface NeverCame {
  /** To readers who connect. */
  readonly deliveries: number;
  /** The same of dialogs that the story does not make hot. */
  readonly innocents: number;
  /** All. */
  readonly messages: number;
}

export interface Failures {
  /** Failed messages with one code on one shard. */
  readonly rows: Result["failures"];
  /** By label; shards without a failure are not in it. */
  readonly never: ReadonlyMap<string, NeverCame>;
  /** Failed messages by label. */
  readonly counts: ReadonlyMap<string, number>;
  /** Failed messages that are not known to be stored, by dialog and label. */
  readonly unstored: AuditDialogsReply["dialogs"];
  /** By label and whole second: code and count. */
  readonly seconds: ReadonlyMap<string, ReadonlyMap<number, Readonly<Record<string, number>>>>;
  /** By label: intended moments in ms, ascending, of messages that the shard did not answer for. */
  readonly unanswered: ReadonlyMap<string, readonly number[]>;
}

export interface FailuresInput extends Pick<RunEvidence, "runId" | "dials"> {
  readonly measurement: Pick<Measurement, "failed" | "startedAt">;
  readonly story: Pick<Story, "online" | "isHot">;
  /** That holds at the end of the run, with all its segments. */
  readonly topology: Topology;
  /** Client message ids of failed messages that were found stored all the same. */
  readonly stored: ReadonlySet<string>;
}

/** Most messages of unknown outcome that are asked for one by one. */
const MOST_UNKNOWNS = 10_000;

/** The messages whose outcome the generator never learned, at most 10,000. */
export function unknownMessages({ failed }: Pick<Measurement, "failed">, runId: string): UnknownMessage[] {
  const unknowns: UnknownMessage[] = [];
  for (const { code, author, to, seq } of eachFailure(failed)) {
    if (outcomeOf(code) !== "unknown") continue;
    unknowns.push({ dialog: dialogId(author, to), author, client: clientId(runId, author, to, seq) });
    if (unknowns.length === MOST_UNKNOWNS) break;
  }
  return unknowns;
}

/**
 * A message that an overloaded server refused was answered; one of these was not, and its shard may be away, or the
 * server with all of its shards: then nobody can send to it.
 */
const isUnanswered = (code: string): boolean => outcomeOf(code) !== "refused";

/**
 * Finds where a message of a run belongs: placement is a pure function of what the message is and of its intended
 * moment, so nothing has to be stored for it.
 *
 * @param startedAt ISO 8601 of the start of the schedule
 * @returns takes the moment in ms after that start, and number 0 for a message that was never sent
 */
export function createPlacer(topology: Topology, runId: string, startedAt: string) {
  const router = compileTopology(topology);
  const whenOf = createWhen(periodsOf(topology));
  const startMs = Date.parse(startedAt);
  return ({ author, to, seq, at }: Omit<FailedMessage, "code">) => {
    const dialog = dialogId(author, to);
    // Messages that were never sent got no number, and yet each has its part of a dialog that is split.
    const client = seq === 0 ? `${clientId(runId, author, to, seq)}-${at}` : clientId(runId, author, to, seq);
    const id = composeId(startMs + Math.floor(at), 0, 0);
    const shard = router.labels[router.place({ dialog, id, author, client })]!;
    return { client, row: { shard, dialog, count: 1, ...whenOf(id) } };
  };
}

/** Places every failed message. One pass; memory grows with the distinct dialogs, shards and seconds. */
export function placeFailures({ measurement, runId, dials, story, topology, stored }: FailuresInput): Failures {
  const place = createPlacer(topology, runId, measurement.startedAt);
  const rows = new Map<string, Result["failures"][number]>();
  const never = new Map<string, { deliveries: number; innocents: number; messages: number }>();
  const counts = new Map<string, number>();
  const unstored = createDialogCounts();
  const seconds = new Map<string, Map<number, Record<string, number>>>();
  const unanswered = new Map<string, number[]>();

  for (const message of eachFailure(measurement.failed)) {
    const { code, at, author, to } = message;
    const { client, row: placed } = place(message);
    const { shard } = placed;
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
    const row = found(rows, `${shard} ${code}`, () => ({ shard, code, count: 0, fromS: Infinity, untilS: 0 }));
    row.count += 1;
    row.fromS = Math.min(row.fromS, at / 1_000);
    row.untilS = Math.max(row.untilS, at / 1_000);
    const second = found(
      found(seconds, shard, newMap<Record<string, number>>),
      Math.floor(at / 1_000),
      (): Record<string, number> => ({}),
    );
    second[code] = (second[code] ?? 0) + 1;
    if (isUnanswered(code)) found(unanswered, shard, () => []).push(at);
    if (!stored.has(client)) unstored.add(placed);
    if (at < dials.warmupS * 1_000) continue;
    const missing = found(never, shard, () => ({ deliveries: 0, innocents: 0, messages: 0 }));
    missing.messages += 1;
    if (to > story.online) continue;
    missing.deliveries += 1;
    if (!story.isHot(author, to)) missing.innocents += 1;
  }
  for (const moments of unanswered.values()) moments.sort((a, b) => a - b);
  const byCount = [...rows.values()].sort((a, b) => b.count - a.count || (a.shard < b.shard ? -1 : 1));
  return { rows: byCount, never, counts, unstored: unstored.rows(), seconds, unanswered };
}

const newMap = <T>(): Map<number, T> => new Map<number, T>();

function found<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** The slices of a run with what failed in each, by its intended moment. */
export function withFailures(slices: readonly Slice[], seconds: Failures["seconds"]): Slice[] {
  if (seconds.size === 0) return [...slices];
  const width = Math.max(1, ...new Set(slices.map((slice) => slice.seconds ?? 1)));
  const failed = new Map<string, Record<string, number>>();
  for (const [shard, bySecond] of seconds) {
    for (const [second, codes] of bySecond) {
      const sum = found(failed, `${Math.floor(second / width) * width} ${shard}`, (): Record<string, number> => ({}));
      for (const [code, count] of Object.entries(codes)) sum[code] = (sum[code] ?? 0) + count;
    }
  }
  const whole = slices.map((slice): Slice => {
    const key = `${slice.second} ${slice.shard}`;
    const codes = failed.get(key);
    failed.delete(key);
    return codes === undefined ? slice : { ...slice, failed: codes };
  });
  // Seconds in which nothing came back at all.
  for (const [key, codes] of failed) {
    const [second = "", shard = ""] = key.split(" ");
    const long = width > 1 ? { seconds: width } : {};
    whole.push({ second: Number(second), ...long, shard, acked: 0, failed: codes, deliveryMs: null });
  }
  return whole.sort((a, b) => a.second - b.second);
}

/**
 * Messages per dialog, shard, segment of the topology and time bucket.
 *
 * @param newest segment of rows that name none: servers of early versions do not
 */
export function createDialogCounts(newest = 0) {
  const sums = new Map<string, { -readonly [K in keyof DialogRow]: DialogRow[K] }>();
  return {
    add(row: DialogRow): void {
      const { segment = newest, bucket = 0 } = row;
      const key = `${row.shard} ${row.dialog} ${segment} ${bucket}`;
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { ...row, segment, bucket });
      else sum.count += row.count;
    },
    rows: (): DialogRow[] => [...sums.values()],
  };
}

type DialogRow = AuditDialogsReply["dialogs"][number];

/** Messages per dialog and shard that were offered: what is stored, and what failed and is not. */
export function offeredDialogs(
  stored: AuditDialogsReply["dialogs"],
  unstored: AuditDialogsReply["dialogs"],
  newest: number,
): AuditDialogsReply["dialogs"] {
  if (unstored.length === 0) return stored;
  const sums = createDialogCounts(newest);
  for (const row of [...stored, ...unstored]) sums.add(row);
  return sums.rows();
}
