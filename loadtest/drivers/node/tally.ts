import { createBalanceSheet, type BalanceSheet } from "../../measurement/delivery-balance.ts";
import { createFailedLog, outcomeOf, type FailedMessage } from "../../measurement/failed-messages.ts";
import { createHistogram, type Histogram } from "../../measurement/histogram.ts";
import { EMPTY_HISTOGRAM, packHistogram, type PackedHistogram } from "../../measurement/packed-histogram.ts";
import { p99SoFar } from "../../measurement/p99-so-far.ts";
import type { Progress } from "../contract.ts";
import type { ShardSnapshot, Snapshot } from "../prometheus/snapshot.ts";
import type { Measurement, ShardMeasurement } from "../../measurement/measurement.ts";
import { createSliceKeeper, type SlicePart } from "../../measurement/slice-keeper.ts";

/** Everything that is counted in a run; its size depends on shards, readers, seconds and failures, not on messages. */
export interface Tally {
  planned: number;
  sent: number;
  late: number;
  acked: number;
  readonly refused: number;
  readonly unknown: number;
  readonly notConnected: number;
  hotOffered: number;
  delivered: number;
  offline: number;
  duplicated: number;
  reordered: number;
  readonly balance: BalanceSheet;
  readonly errors: Map<string, number>;
  readonly sendLag: Histogram;
  readonly handlerLag: Histogram;
  /** How late actions of nothing were. */
  readonly floor: Histogram;
  shard(label: string): ShardTally;
  /** Ends the seconds before the one that this moment is in. */
  advance(now: number): void;
  error(code: string): void;
  /** A message that was not acknowledged. */
  fail(message: FailedMessage): void;
  ackedByShard(): Record<string, number>;
  /** As `p99SoFar`. */
  p99SoFar(): Pick<Progress, "p99Ms">;
  /** All counts of now, and copies of the histograms. */
  snapshot(): Pick<Snapshot, "counts" | "shards" | "sendLag">;
  measurement(): Pick<Measurement, CountName | "failed" | "balance" | "errors" | "shards" | "slices">;
}

type CountName =
  | "planned"
  | "sent"
  | "refused"
  | "unknown"
  | "late"
  | "notConnected"
  | "hotOffered"
  | "delivered"
  | "offline"
  | "duplicated"
  | "reordered";

interface ShardTally {
  acked: number;
  offline: number;
  sum: number;
  bytes: number;
  readonly delivery: Histogram;
  readonly service: Histogram;
  readonly innocent: Histogram;
  readonly commit: Histogram;
  /** Of the current second. */
  secondAcked: number;
  readonly secondWarmup: Histogram;
  readonly secondDelivery: Histogram;
  readonly secondCommit: Histogram;
}

function createShardTally(): ShardTally {
  return {
    acked: 0,
    offline: 0,
    sum: 0,
    bytes: 0,
    delivery: createHistogram(),
    service: createHistogram(),
    innocent: createHistogram(),
    commit: createHistogram(),
    secondAcked: 0,
    secondWarmup: createHistogram(),
    secondDelivery: createHistogram(),
    secondCommit: createHistogram(),
  };
}

function measurementOf(tally: ShardTally): ShardMeasurement {
  return {
    acked: tally.acked,
    offline: tally.offline,
    sum: tally.sum,
    bytes: tally.bytes,
    delivery: tally.delivery.toData(),
    service: tally.service.toData(),
    innocent: tally.innocent.toData(),
    commit: tally.commit.toData(),
  };
}

function snapshotOf(label: string, tally: ShardTally): ShardSnapshot {
  return {
    label,
    acked: tally.acked,
    auditSum: tally.sum,
    delivery: tally.delivery.copy(),
    innocent: tally.innocent.copy(),
    service: tally.service.copy(),
    commit: tally.commit.copy(),
  };
}

function countsOf(tally: Tally): Snapshot["counts"] {
  const { delivered, duplicated, hotOffered, notConnected, offline, planned, refused, reordered, sent, unknown } =
    tally;
  const all = { delivered, duplicated, hotOffered, notConnected, offline, planned, refused, reordered, sent, unknown };
  return { ...all, failed: refused + unknown + notConnected };
}

/** Takes what a histogram of the current second holds, and empties it. */
function taken(histogram: Histogram): PackedHistogram {
  if (histogram.count === 0) return EMPTY_HISTOGRAM;
  const packed = packHistogram(histogram.toData());
  histogram.reset();
  return packed;
}

function endSecond(tally: ShardTally, second: number, shard: string): SlicePart {
  const acked = tally.secondAcked;
  tally.secondAcked = 0;
  return {
    second,
    shard,
    acked,
    warmup: taken(tally.secondWarmup),
    delivery: taken(tally.secondDelivery),
    commit: taken(tally.secondCommit),
  };
}

/**
 * @param labels shards that are reported even if they get nothing; others join when they first answer
 * @param online readers that connect: users 1…online
 * @param scheduleMs length of the schedule
 */
export function createTally(labels: readonly string[], online: number, scheduleMs: number): Tally {
  const shards = new Map(labels.map((label) => [label, createShardTally()]));
  const keeper = createSliceKeeper();
  const failed = createFailedLog();
  const failures = { refused: 0, unknown: 0, unsent: 0 };
  let second = 0;

  const tally: Tally = {
    planned: 0,
    sent: 0,
    late: 0,
    acked: 0,
    get refused() {
      return failures.refused;
    },
    get unknown() {
      return failures.unknown;
    },
    get notConnected() {
      return failures.unsent;
    },
    hotOffered: 0,
    delivered: 0,
    offline: 0,
    duplicated: 0,
    reordered: 0,
    balance: createBalanceSheet(online, scheduleMs),
    errors: new Map(),
    sendLag: createHistogram(),
    handlerLag: createHistogram(),
    floor: createHistogram(),
    shard(label) {
      let shard = shards.get(label);
      if (shard === undefined) {
        shard = createShardTally();
        shards.set(label, shard);
      }
      return shard;
    },
    advance(now) {
      const current = Math.floor(now / 1000);
      for (; second < current; second++) {
        for (const [label, shard] of shards) keeper.add(endSecond(shard, second, label));
      }
    },
    error(code) {
      tally.errors.set(code, (tally.errors.get(code) ?? 0) + 1);
    },
    fail(message) {
      failures[outcomeOf(message.code)]++;
      failed.add(message);
    },
    ackedByShard: () => Object.fromEntries([...shards].map(([label, shard]) => [label, shard.acked])),
    p99SoFar: () =>
      p99SoFar(
        tally.sendLag,
        [...shards.values()].map(({ delivery }) => delivery),
      ),
    snapshot: () => ({
      counts: countsOf(tally),
      shards: [...shards].map(([label, shard]) => snapshotOf(label, shard)),
      sendLag: tally.sendLag.copy(),
    }),
    measurement: () => ({
      planned: tally.planned,
      sent: tally.sent,
      refused: tally.refused,
      unknown: tally.unknown,
      late: tally.late,
      notConnected: tally.notConnected,
      failed: failed.toData(),
      balance: tally.balance.toData(),
      errors: Object.fromEntries(tally.errors),
      hotOffered: tally.hotOffered,
      delivered: tally.delivered,
      offline: tally.offline,
      duplicated: tally.duplicated,
      reordered: tally.reordered,
      shards: Object.fromEntries([...shards].map(([label, shard]) => [label, measurementOf(shard)])),
      slices: keeper.slices(),
    }),
  };
  return tally;
}
