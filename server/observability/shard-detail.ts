import type { Labels } from "./exposition.ts";
import { ALL_SHARDS, OPERATIONS } from "./metric-names.ts";
import type { Operation } from "./metrics.ts";
import { SECONDS_BUCKETS } from "./weighted-histogram.ts";

/** Up to so many shards each has 87 series of its own. */
const MOST_IN_FULL = 16;
/** Reads have every third bound. */
const READ_BUCKETS = [0.001, 0.01, 0.1, 1, 5];
/** Bounds of commits that are shown of many shards: the alerts' 0.025 s, and a factor of four or five around it. */
const FEW_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5];

/** Which series there are for the shards of a server; indexes are into the lists of labels. */
export interface ShardDetail {
  readonly byShard: readonly { readonly shard: string }[];
  /** What is kept of each shard while they are few, and of all together else. */
  readonly coarse: readonly { readonly shard: string }[];
  readonly coarseAt: (shard: number) => number;
  /** Without `result`. */
  readonly operations: readonly Labels[];
  readonly operationAt: (shard: number, op: Operation) => number;
  readonly durations: readonly Labels[];
  readonly durationAt: (shard: number, op: Operation) => number;
  readonly durationBuckets: (labels: Labels) => readonly number[];
  /** Of the bounds, those that are shown. */
  readonly durationShown: (labels: Labels) => readonly number[];
}

/**
 * Every series of every shard while the shards are few; of many, up to 64, what alerts and skew need of each, so that a
 * process stays under 2,000 series.
 */
export function shardDetail(shards: readonly string[]): ShardDetail {
  const byShard = shards.map((shard) => ({ shard }));
  if (shards.length <= MOST_IN_FULL) {
    const operations = byShard.flatMap((labels) => OPERATIONS.map((op) => ({ ...labels, op })));
    return {
      byShard,
      coarse: byShard,
      coarseAt: (shard) => shard,
      operations,
      operationAt: fullAt,
      durations: operations,
      durationAt: fullAt,
      durationBuckets,
      durationShown: durationBuckets,
    };
  }
  const all = [{ shard: ALL_SHARDS }];
  return {
    byShard,
    coarse: all,
    coarseAt: () => 0,
    operations: byShard.flatMap((labels) => ["insert", "read"].map((op) => ({ ...labels, op }))),
    operationAt: (shard, op) => 2 * shard + (op === "insert" ? 0 : 1),
    durations: [...byShard.map((labels) => ({ ...labels, op: "insert" })), ...all.map((it) => ({ ...it, op: "read" }))],
    durationAt: (shard, op) => (op === "insert" ? shard : shards.length),
    durationBuckets,
    durationShown: ({ op }) => (op === "insert" ? FEW_BUCKETS : READ_BUCKETS),
  };
}

/** By shard, then operation. */
function fullAt(shard: number, op: Operation): number {
  return shard * OPERATIONS.length + OPERATIONS.indexOf(op);
}

function durationBuckets({ op }: Labels): readonly number[] {
  return op === "insert" ? SECONDS_BUCKETS : READ_BUCKETS;
}
