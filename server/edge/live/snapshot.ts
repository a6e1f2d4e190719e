import { SECONDS_BUCKETS } from "../../observability/weighted-histogram.ts";
import { estimateNoise, estimateNoiseP99 } from "../../statistics/noise-estimate.ts";
import { fitWriter } from "../../statistics/writer-fit.ts";
import type { HotReply, ShardsReply, ShardStatus } from "../../protocol/http.ts";
import {
  LIVE_COLUMNS,
  type LiveColumn,
  type LiveShard,
  type LiveSkew,
  type LiveSnapshot,
  type LiveStart,
} from "../../protocol/live.ts";
import { bucketQuantile } from "./bucket-quantile.ts";

/** What the figures look back on. The timer's jitter must not drop the sample at the far end. */
const WINDOW_MS = 10_400;
/** A writer's rate at saturation needs more commits than a window may hold. */
const FIT_MS = 60_000;
/** After a longer silence nobody looked, and no column can say what was in between. */
const GAP_MS = 3_000;
/** Up to here a shard may stand out without burning: the advice's default target. */
const TARGET = 1.25;

export interface LiveSources {
  status(): ShardsReply;
  hot(): HotReply;
  /** Distinct dialogs of about ten seconds; null when they were not counted yet. */
  distinctDialogs(): number | null;
  connections(): number;
  /** Commits of a shard by duration since the start, over `SECONDS_BUCKETS` and above. */
  commitCounts(shard: number): Readonly<Float64Array>;
  /** Messages of a shard that were refused or failed, since the start. */
  unstored(shard: number): number;
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /** Unix seconds. */
  second(): number;
}

/** What was counted at one moment. */
interface Sample {
  readonly at: number;
  readonly shards: readonly ShardStatus[];
  readonly commits: readonly Float64Array[];
  /** By shard. */
  readonly unstored: readonly number[];
}

export interface Snapshots {
  start(): LiveStart;
  /** Looks at every counter; what happened is the difference to earlier looks. */
  snapshot(): LiveSnapshot;
}

/** Turns the server's counters into figures of the last ten seconds. Holds a minute of samples, and the heat strip. */
export function createSnapshots(sources: LiveSources): Snapshots {
  let samples: Sample[] = [];
  let columns: LiveColumn[] = [];
  let number = 0;

  function remember(sample: Sample): void {
    samples = [...samples.filter(({ at }) => sample.at - at <= FIT_MS), sample];
  }

  function column(sample: Sample): number[] {
    const before = samples.at(-1);
    const ms = before === undefined ? Infinity : sample.at - before.at;
    if (before === undefined || ms > GAP_MS || ms <= 0) return [];
    const perS = sample.shards.map((_, i) => round((came(before, sample, i) * 1_000) / ms));
    columns = [...columns, { second: sources.second(), perS }].slice(-LIVE_COLUMNS);
    return perS;
  }

  return {
    start() {
      const { node, topology, shards } = sources.status();
      return {
        node,
        placement: topology.segments.at(-1)!.placement,
        shards: shards.map((shard) => ({ label: shard.label, engine: shard.engine, shaped: shapeInWords(shard) })),
        columns,
      };
    },
    snapshot() {
      const { topology, shards: status } = sources.status();
      const commits = status.map((_, i) => Float64Array.from(sources.commitCounts(i)));
      const unstored = status.map((_, i) => sources.unstored(i));
      const sample: Sample = { at: sources.now(), shards: status, commits, unstored };
      const newest = column(sample);
      remember(sample);
      const first = samples.find(({ at }) => sample.at - at <= WINDOW_MS)!;
      const windowS = (sample.at - first.at) / 1_000;
      const shards = shardsOf(first, samples[0]!, sample, windowS);
      number += 1;
      return {
        number,
        second: sources.second(),
        windowS: round(windowS),
        epoch: topology.epoch,
        connections: sources.connections(),
        perS: round(shards.reduce((total, { perS }) => total + perS, 0)),
        skew: skewOf(shards, windowS, sources.distinctDialogs()),
        headroom: headroomOf(shards),
        shards,
        hot: sources.hot().dialogs,
        column: newest,
      };
    },
  };
}

/**
 * Messages that came for a shard between two looks. Those that were committed would not do: a shard past saturation
 * commits less than it is sent, and refuses when its queue is full; it would look the more even the worse it is.
 */
function came(before: Sample, after: Sample, shard: number): number {
  const [old, now] = [before.shards[shard]!, after.shards[shard]!];
  const unstored = after.unstored[shard]! - before.unstored[shard]!;
  return Math.max(0, now.writer.rows - old.writer.rows + now.queueRows - old.queueRows + unstored);
}

function shardsOf(first: Sample, oldest: Sample, last: Sample, windowS: number): LiveShard[] {
  const messages = last.shards.map((_, i) => came(first, last, i));
  const total = messages.reduce((sum, n) => sum + n, 0);
  return last.shards.map((shard, i) => {
    const counts = last.commits[i]!.map((count, bucket) => count - first.commits[i]![bucket]!);
    const p50 = bucketQuantile(SECONDS_BUCKETS, counts, 0.5);
    const p99 = bucketQuantile(SECONDS_BUCKETS, counts, 0.99);
    const before = first.shards[i]!.writer;
    const writtenPerS = windowS > 0 ? (shard.writer.rows - before.rows) / windowS : 0;
    const { limitPerS } = fitWriter(oldest.shards[i]!.writer, shard, (last.at - oldest.at) / 1_000);
    return {
      label: shard.label,
      state: shard.state,
      rows: shard.writer.rows,
      perS: windowS > 0 ? round(messages[i]! / windowS) : 0,
      share: total > 0 ? messages[i]! / total : 0,
      writtenPerS: round(writtenPerS),
      queueRows: shard.queueRows,
      busy: windowS > 0 ? Math.min(1, (shard.writer.seconds - before.seconds) / windowS) : 0,
      commitMs: p50 === null || p99 === null ? null : { p50: p50 * 1_000, p99: p99 * 1_000 },
      // What it is seen to write it can write, whatever the line through a minute of commits says.
      limitPerS: limitPerS === null ? null : round(Math.max(limitPerS, writtenPerS)),
    };
  });
}

function skewOf(shards: readonly LiveShard[], windowS: number, dialogs: number | null): LiveSkew | null {
  const fullest = shards.reduce((most, shard) => (shard.share > most.share ? shard : most));
  if (fullest.share === 0) return null;
  const maxOverMean = fullest.share * shards.length;
  const messages = shards.reduce((total, { perS }) => total + perS * windowS, 0);
  // The window of dialogs is another than this one, and there is at least one message to a dialog.
  const keys = dialogs === null || dialogs === 0 ? messages : Math.min(messages, dialogs);
  const p99 = estimateNoiseP99(keys, shards.length);
  return {
    maxOverMean,
    effectiveShards: 1 / fullest.share,
    noiseFloor: { mean: estimateNoise(keys, shards.length), p99 },
    fullest: fullest.label,
    burning: maxOverMean > p99 && maxOverMean > TARGET,
  };
}

function headroomOf(shards: readonly LiveShard[]): LiveSnapshot["headroom"] {
  let least: LiveSnapshot["headroom"] = null;
  for (const { label, limitPerS, perS } of shards) {
    if (limitPerS === null || perS <= 0) continue;
    const growthToLimit = limitPerS / perS - 1;
    if (least === null || growthToLimit < least.growthToLimit) least = { shard: label, growthToLimit };
  }
  return least;
}

function shapeInWords({ shaped }: ShardStatus): string | null {
  if (shaped === null) return null;
  return `commits of at least ${shaped.commitMs} ms${shaped.maxRows === null ? "" : `, at most ${shaped.maxRows} rows each`}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
