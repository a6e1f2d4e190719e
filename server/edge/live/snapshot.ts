import type { ShardMeter } from "../../observability/probe.ts";
import { SECONDS_BUCKETS } from "../../observability/weighted-histogram.ts";
import { estimateNoise, estimateNoiseP99 } from "../../statistics/noise-estimate.ts";
import { fitWriter } from "../../statistics/writer-fit.ts";
import type { HotReply, ShardsReply, ShardStatus } from "../../protocol/http.ts";
import type { Segment } from "../../placement/contract.ts";
import { overrideShards } from "../../placement/overrides.ts";
import { writableShards } from "../../topology/segment-edits.ts";
import {
  LIVE_COLUMNS,
  type LiveColumn,
  type LiveDialog,
  type LiveMove,
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
  /** Null while no messages are moved. */
  moving(): LiveMove | null;
  /** What is counted of a shard, by its label. */
  meter(label: string): Pick<ShardMeter, "commits" | "unstored">;
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /** Unix seconds. */
  second(): number;
}

/** What was counted of a shard at one moment. */
interface ShardSample {
  readonly status: Pick<ShardStatus, "queueRows" | "writer">;
  readonly commits: Readonly<Float64Array>;
  readonly unstored: number;
}

/** What was counted at one moment, by the shard's label. One that came later is not in it. */
interface Sample {
  readonly at: number;
  readonly shards: ReadonlyMap<string, ShardSample>;
}

/** Of a shard before it came. */
const NOTHING: ShardSample = {
  status: {
    queueRows: 0,
    writer: { commits: 0, rows: 0, seconds: 0, secondsSquared: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 0 },
  },
  commits: new Float64Array(SECONDS_BUCKETS.length + 1),
  unstored: 0,
};

export interface Snapshots {
  start(): LiveStart;
  /** Another one when `start` tells something new. */
  version(): string;
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

  function column(sample: Sample): LiveColumn["perS"] {
    const before = samples.at(-1);
    const ms = before === undefined ? Infinity : sample.at - before.at;
    if (before === undefined || ms > GAP_MS || ms <= 0) return {};
    const rates = [...sample.shards].map(([label, now]) => {
      return [label, round((came(before.shards.get(label), now) * 1_000) / ms)] as const;
    });
    const perS = Object.fromEntries(rates);
    columns = [...columns, { second: sources.second(), perS }].slice(-LIVE_COLUMNS);
    return perS;
  }

  function sampleOf(status: ShardStatus): [string, ShardSample] {
    const { commits, unstored } = sources.meter(status.label);
    return [status.label, { status, commits: Float64Array.from(commits), unstored: unstored() }];
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
    version() {
      const { topology, shards } = sources.status();
      return [topology.segments.at(-1)!.placement, ...shards.map(({ label }) => label)].join();
    },
    snapshot() {
      const reply = sources.status();
      const { changes = [], topology } = reply;
      const second = sources.second();
      const newestSegment = topology.segments.at(-1)!;
      const sample: Sample = { at: sources.now(), shards: new Map(reply.shards.map(sampleOf)) };
      const newest = column(sample);
      remember(sample);
      const first = samples.find(({ at }) => sample.at - at <= WINDOW_MS)!;
      const windowS = (sample.at - first.at) / 1_000;
      const shards = shardsOf(reply, second, first, samples[0]!, sample);
      const takers = shards.filter(({ role }) => role === "takes");
      number += 1;
      return {
        number,
        second,
        windowS: round(windowS),
        epoch: topology.epoch,
        writable: takers.length,
        connections: sources.connections(),
        perS: round(shards.reduce((total, { perS }) => total + perS, 0)),
        skew: skewOf(takers, windowS, sources.distinctDialogs()),
        headroom: headroomOf(shards),
        shards,
        hot: sources.hot().dialogs.map((dialog) => withPlace(dialog, newestSegment)),
        column: newest,
        changes,
        move: sources.moving(),
      };
    },
  };
}

/**
 * Messages that came for a shard between two looks. Those that were committed would not do: a shard past saturation
 * commits less than it is sent, and refuses when its queue is full; it would look the more even the worse it is.
 */
function came(before: ShardSample = NOTHING, after: ShardSample): number {
  const [old, now] = [before.status, after.status];
  const unstored = after.unstored - before.unstored;
  return Math.max(0, now.writer.rows - old.writer.rows + now.queueRows - old.queueRows + unstored);
}

function withPlace(dialog: HotReply["dialogs"][number], { overrides }: Segment): LiveDialog {
  const override = overrides.find((one) => one.dialog === dialog.dialog);
  return override === undefined ? dialog : { ...dialog, placed: overrideShards(override) };
}

function shardsOf(reply: ShardsReply, second: number, first: Sample, oldest: Sample, last: Sample): LiveShard[] {
  const windowS = (last.at - first.at) / 1_000;
  const messages = new Map([...last.shards].map(([label, now]) => [label, came(first.shards.get(label), now)]));
  const takers = writableShards(reply.topology.segments.at(-1)!);
  // What one got before it was drained or lost does not make the others' shares smaller.
  const total = takers.reduce((sum, label) => sum + (messages.get(label) ?? 0), 0);
  return reply.shards.map((shard) => {
    const { label } = shard;
    const role = takers.includes(label) ? "takes" : reply.topology.shards.includes(label) ? "drained" : "unused";
    const before = first.shards.get(label) ?? NOTHING;
    const counts = last.shards.get(label)!.commits.map((count, bucket) => count - before.commits[bucket]!);
    const p50 = bucketQuantile(SECONDS_BUCKETS, counts, 0.5);
    const p99 = bucketQuantile(SECONDS_BUCKETS, counts, 0.99);
    const { rows, seconds } = before.status.writer;
    const writtenPerS = windowS > 0 ? (shard.writer.rows - rows) / windowS : 0;
    const oldestWriter = (oldest.shards.get(label) ?? NOTHING).status.writer;
    const { limitPerS } = fitWriter(oldestWriter, shard, (last.at - oldest.at) / 1_000);
    return {
      label,
      state: shard.state,
      role,
      ...lossOf(reply, label, second),
      rows: shard.writer.rows,
      perS: windowS > 0 ? round(messages.get(label)! / windowS) : 0,
      share: role === "takes" && total > 0 ? messages.get(label)! / total : 0,
      writtenPerS: round(writtenPerS),
      queueRows: shard.queueRows,
      busy: windowS > 0 ? Math.min(1, (shard.writer.seconds - seconds) / windowS) : 0,
      commitMs: p50 === null || p99 === null ? null : { p50: p50 * 1_000, p99: p99 * 1_000 },
      // What it is seen to write it can write, whatever the line through a minute of commits says.
      limitPerS: limitPerS === null ? null : round(Math.max(limitPerS, writtenPerS)),
    };
  });
}

/** @param second Unix seconds */
function lossOf({ out = [] }: ShardsReply, label: string, second: number): Pick<LiveShard, "out"> {
  const lost = out.find((one) => one.label === label);
  if (lost === undefined) return {};
  const { phase, reason, since } = lost;
  return { out: { phase, reason, s: Math.max(0, second - Math.floor(since / 1_000)) } };
}

/** @param shards that new messages may go to */
function skewOf(shards: readonly LiveShard[], windowS: number, dialogs: number | null): LiveSkew | null {
  if (shards.every(({ share }) => share === 0)) return null;
  const fullest = shards.reduce((most, shard) => (shard.share > most.share ? shard : most));
  const { share } = fullest;
  const maxOverMean = share * shards.length;
  const messages = shards.reduce((total, { perS }) => total + perS * windowS, 0);
  // The window of dialogs is another than this one, and there is at least one message to a dialog.
  const keys = dialogs === null || dialogs === 0 ? messages : Math.min(messages, dialogs);
  const p99 = estimateNoiseP99(keys, shards.length);
  return {
    maxOverMean,
    effectiveShards: 1 / share,
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
  const { commitMs, lostWhile, maxRows } = shaped;
  const words = [
    ...(commitMs > 0 || maxRows !== null ? [`commits of at least ${commitMs} ms`] : []),
    ...(maxRows === null ? [] : [`at most ${maxRows} rows each`]),
    ...(lostWhile === undefined ? [] : ["lost on command"]),
  ];
  return words.join(", ");
}

const round = (value: number): number => Math.round(value * 10) / 10;
