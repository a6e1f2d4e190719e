import { sum } from "d3-array";
import type { ShardSnapshot, Snapshot } from "../prometheus/snapshot.ts";
import { createBalanceSheet, type BalanceSheet } from "../../measurement/delivery-balance.ts";
import { createFailedLog } from "../../measurement/failed-messages.ts";
import { createHistogram, type Histogram } from "../../measurement/histogram.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { messageCounts, type MessageCounts } from "../../measurement/message-counts.ts";
import { p99SoFar } from "../../measurement/p99-so-far.ts";
import {
  createSecondTotal,
  createShardTotal,
  endSecond,
  shardMeasurement,
  type SecondTotal,
  type ShardTotal,
} from "../../measurement/shard-total.ts";
import { createSliceKeeper } from "../../measurement/slice-keeper.ts";
import type { Progress } from "../contract.ts";
import type { Books } from "../books.ts";

/** Everything that is counted in a run; its size depends on shards, readers, seconds and failures, not on messages. */
export interface Tally extends Books {
  /** Due, and never sent as the generator was late or was stopped. */
  late: number;
  readonly acked: number;
  /** Acknowledged messages to readers who connect, less those that came to the readers that are here. */
  readonly undelivered: number;
  readonly balance: BalanceSheet;
  readonly sendLag: Histogram;
  readonly handlerLag: Histogram;
  /** How late actions of nothing were. */
  readonly floor: Histogram;
  /** Ends the seconds before the one that this moment is in. */
  advance(now: number): void;
  ackedByShard(): Record<string, number>;
  /** As `p99SoFar`. */
  p99SoFar(): Pick<Progress, "p99Ms">;
  /** All counts of now, and copies of the histograms. */
  snapshot(): Pick<Snapshot, "counts" | "shards" | "sendLag">;
  measurement(): Pick<
    Measurement,
    keyof MessageCounts | "late" | "failed" | "balance" | "errors" | "shards" | "slices"
  >;
}

interface ShardTally {
  readonly total: ShardTotal;
  /** Of the current second. */
  readonly second: SecondTotal;
}

const createShardTally = (): ShardTally => ({ total: createShardTotal(), second: createSecondTotal() });

function snapshotOf(label: string, { total }: ShardTally): ShardSnapshot {
  return {
    label,
    acked: total.acked,
    sum: total.sum,
    delivery: total.delivery.copy(),
    innocent: total.innocent.copy(),
    service: total.service.copy(),
    commit: total.commit.copy(),
  };
}

/**
 * @param labels shards that are reported even if they get nothing; others join when they first answer
 * @param online readers that connect: users 1…online
 * @param scheduleMs length of the schedule
 */
export function createTally(labels: readonly string[], online: number, scheduleMs: number): Tally {
  const shards = new Map(labels.map((label) => [label, createShardTally()]));
  const totals = () => [...shards.values()].map(({ total }) => total);
  const keeper = createSliceKeeper();
  const failed = createFailedLog();
  const counts = { ...messageCounts(() => 0), errors: {} };
  const balance = createBalanceSheet(online, scheduleMs);
  const [sendLag, handlerLag, floor] = [createHistogram(), createHistogram(), createHistogram()];
  let second = 0;

  function shardOf(label: string): ShardTally {
    let shard = shards.get(label);
    if (shard === undefined) shards.set(label, (shard = createShardTally()));
    return shard;
  }

  const tally: Tally = {
    counts,
    late: 0,
    get acked() {
      return sum(totals(), ({ acked }) => acked);
    },
    get undelivered() {
      return tally.acked - counts.offline - counts.delivered;
    },
    balance,
    sendLag,
    handlerLag,
    floor,
    addFailed: (message) => failed.add(message),
    addAck(label, bytes, bits, isOffline) {
      const { total, second: current } = shardOf(label);
      total.acked += 1;
      current.acked += 1;
      total.bytes += bytes;
      total.sum += bits;
      if (isOffline) total.offline += 1;
    },
    addCommit(label, phase, ms) {
      if (phase === "warmup") return;
      const { total, second: current } = shardOf(label);
      total.commit.record(ms);
      current.commit.record(ms);
    },
    addDelivery(label, phase, isHot, deliveryMs, serviceMs) {
      const { total, second: current } = shardOf(label);
      if (phase === "warmup") return current.warmup.record(deliveryMs);
      current.delivery.record(deliveryMs);
      total.delivery.record(deliveryMs);
      total.service.record(serviceMs);
      if (!isHot) total.innocent.record(deliveryMs);
    },
    addSendLag: (phase, ms) => void (phase === "measure" && sendLag.record(ms)),
    addNoop: (phase, ms) => void (phase === "measure" && floor.record(ms)),
    advance(now) {
      const current = Math.floor(now / 1000);
      for (; second < current; second++) {
        for (const [label, shard] of shards) keeper.add(endSecond(shard.second, second, label));
      }
    },
    ackedByShard: () => Object.fromEntries([...shards].map(([label, { total }]) => [label, total.acked])),
    p99SoFar: () => p99SoFar(sendLag, totals()),
    snapshot: () => ({
      counts: {
        ...messageCounts((name) => counts[name]),
        failed: counts.refused + counts.unknown + counts.notConnected,
      },
      shards: [...shards].map(([label, shard]) => snapshotOf(label, shard)),
      sendLag: sendLag.copy(),
    }),
    measurement: () => ({
      ...messageCounts((name) => counts[name]),
      late: tally.late,
      failed: failed.toData(),
      balance: balance.toData(),
      errors: { ...counts.errors },
      shards: Object.fromEntries([...shards].map(([label, { total }]) => [label, shardMeasurement(total)])),
      slices: keeper.slices(),
    }),
  };
  return tally;
}
