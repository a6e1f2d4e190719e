import { createHistogram, type Histogram } from "../traffic/histogram.ts";
import { EMPTY_HISTOGRAM, packHistogram, type PackedHistogram } from "../traffic/packed-histogram.ts";
import { p99SoFar } from "./p99-so-far.ts";
import type { Measurement, Progress, ShardMeasurement, UnknownMessage } from "./contract.ts";
import { createSliceKeeper, type SlicePart } from "./slice-keeper.ts";

/** Unknown messages that are kept to be asked for afterwards. */
const MOST_UNKNOWNS = 10_000;

/** Everything that is counted in a run; its size depends on shards and seconds, not on messages. */
export interface Tally {
  planned: number;
  sent: number;
  dropped: number;
  acked: number;
  refused: number;
  unknown: number;
  hotSent: number;
  delivered: number;
  offline: number;
  duplicated: number;
  reordered: number;
  readonly unknowns: UnknownMessage[];
  readonly errors: Map<string, number>;
  readonly sendLag: Histogram;
  readonly handlerLag: Histogram;
  shard(label: string): ShardTally;
  /** Ends the seconds before the one that this moment is in. */
  advance(now: number): void;
  error(code: string): void;
  lose(message: UnknownMessage): void;
  ackedByShard(): Record<string, number>;
  /** As `p99SoFar`. */
  p99SoFar(): Pick<Progress, "p99Ms">;
  measurement(): Pick<Measurement, CountName | "unknowns" | "errors" | "shards" | "slices">;
}

type CountName =
  | "planned"
  | "sent"
  | "refused"
  | "unknown"
  | "hotSent"
  | "delivered"
  | "offline"
  | "duplicated"
  | "reordered";

interface ShardTally {
  acked: number;
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
    sum: tally.sum,
    bytes: tally.bytes,
    delivery: tally.delivery.toData(),
    service: tally.service.toData(),
    innocent: tally.innocent.toData(),
    commit: tally.commit.toData(),
  };
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

/** @param labels shards that are reported even if they get nothing; others join when they first answer */
export function createTally(labels: readonly string[]): Tally {
  const shards = new Map(labels.map((label) => [label, createShardTally()]));
  const keeper = createSliceKeeper();
  let second = 0;

  const tally: Tally = {
    planned: 0,
    sent: 0,
    dropped: 0,
    acked: 0,
    refused: 0,
    unknown: 0,
    hotSent: 0,
    delivered: 0,
    offline: 0,
    duplicated: 0,
    reordered: 0,
    unknowns: [],
    errors: new Map(),
    sendLag: createHistogram(),
    handlerLag: createHistogram(),
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
    lose(message) {
      tally.unknown++;
      if (tally.unknowns.length < MOST_UNKNOWNS) tally.unknowns.push(message);
    },
    ackedByShard: () => Object.fromEntries([...shards].map(([label, shard]) => [label, shard.acked])),
    p99SoFar: () =>
      p99SoFar(
        tally.sendLag,
        [...shards.values()].map(({ delivery }) => delivery),
      ),
    measurement: () => ({
      planned: tally.planned,
      sent: tally.sent,
      refused: tally.refused,
      unknown: tally.unknown,
      unknowns: tally.unknowns,
      errors: Object.fromEntries(tally.errors),
      hotSent: tally.hotSent,
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
