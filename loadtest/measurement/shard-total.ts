import { createHistogram, type Histogram } from "./histogram.ts";
import type { ShardMeasurement } from "./measurement.ts";
import { EMPTY_HISTOGRAM, packHistogram, type PackedHistogram } from "./packed-histogram.ts";
import type { SlicePart } from "./slice-keeper.ts";

/** What is counted of one shard: a `ShardMeasurement` that grows. */
export interface ShardTotal {
  acked: number;
  offline: number;
  sum: number;
  bytes: number;
  readonly delivery: Histogram;
  readonly service: Histogram;
  readonly innocent: Histogram;
  readonly commit: Histogram;
}

/** The same of one second: a slice that grows. */
export interface SecondTotal {
  acked: number;
  readonly warmup: Histogram;
  readonly delivery: Histogram;
  readonly commit: Histogram;
}

export function createShardTotal(): ShardTotal {
  const times = { delivery: createHistogram(), service: createHistogram() };
  return { acked: 0, offline: 0, sum: 0, bytes: 0, ...times, innocent: createHistogram(), commit: createHistogram() };
}

export function createSecondTotal(): SecondTotal {
  return { acked: 0, warmup: createHistogram(), delivery: createHistogram(), commit: createHistogram() };
}

export function shardMeasurement({ delivery, service, innocent, commit, ...counts }: ShardTotal): ShardMeasurement {
  return {
    ...counts,
    delivery: delivery.toData(),
    service: service.toData(),
    innocent: innocent.toData(),
    commit: commit.toData(),
  };
}

/** The slice of a second that is over; the total is empty afterwards. */
export function endSecond(total: SecondTotal, second: number, shard: string): SlicePart {
  const { acked, warmup, delivery, commit } = total;
  total.acked = 0;
  return { second, shard, acked, warmup: taken(warmup), delivery: taken(delivery), commit: taken(commit) };
}

function taken(histogram: Histogram): PackedHistogram {
  if (histogram.count === 0) return EMPTY_HISTOGRAM;
  const packed = packHistogram(histogram.toData());
  histogram.reset();
  return packed;
}
