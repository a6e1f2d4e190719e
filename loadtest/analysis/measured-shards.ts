import { fitWriter } from "../../server/placement/writer-fit.ts";
import type { ShardsReply, ShardStatus, WriterTotals } from "../../server/protocol/http.ts";
import type { Measurement, ShardMeasurement } from "../drivers/contract.ts";
import type { Result } from "../report/result.ts";
import { quantileOf, type HistogramData } from "../traffic/histogram.ts";
import { knownLimit, offeredRates } from "./headroom.ts";
import type { Layout } from "./where-it-lay.ts";

const EMPTY: HistogramData = { count: 0, sum: 0, max: 0, buckets: [] };
const IDLE: ShardMeasurement = {
  acked: 0,
  sum: 0,
  bytes: 0,
  delivery: EMPTY,
  service: EMPTY,
  innocent: EMPTY,
  commit: EMPTY,
};
const NOTHING: WriterTotals = { commits: 0, rows: 0, seconds: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 0 };

/** What the generator saw of a shard; zeros when it saw nothing. */
export const measuredOf = (measurement: Measurement, label: string): ShardMeasurement =>
  measurement.shards[label] ?? IDLE;

/** p50, p99 and p99.9, ms. */
const quantiles = (data: HistogramData): { p50: number; p99: number; p999: number } => ({
  p50: quantileOf(data, 0.5),
  p99: quantileOf(data, 0.99),
  p999: quantileOf(data, 0.999),
});

interface Evidence {
  readonly measurement: Measurement;
  readonly before: ShardsReply;
  readonly after: ShardsReply;
  readonly layout: Layout;
  /** Seconds of the schedule, warm-up included. */
  readonly scheduleS: number;
}

/** Totals at the start; nothing when the server was started anew in between. */
function startOf(before: ShardsReply, after: ShardStatus): WriterTotals {
  const start = before.shards.find(({ label }) => label === after.label)?.writer ?? NOTHING;
  return start.commits > after.writer.commits ? NOTHING : start;
}

/** The `shards` of a result: what each one stored, how long it took, and how near its writer is to its limit. */
export function measuredShards({ measurement, before, after, layout, scheduleS }: Evidence): Result["shards"] {
  const stored = new Float64Array(layout.labels.length);
  const dialogs = new Float64Array(layout.labels.length);
  for (const { shard, messages } of layout.loads) {
    stored[shard]! += messages;
    dialogs[shard]! += 1;
  }
  const total = stored.reduce((a, b) => a + b, 0);
  const fits = layout.labels.map((label) => {
    const status = after.shards.find((shard) => shard.label === label);
    if (status === undefined) return { busy: 0, limit: null };
    const fit = fitWriter(startOf(before, status), status, scheduleS);
    return { busy: fit.busy, limit: knownLimit(fit) };
  });
  const seen = layout.labels.map((label) => measuredOf(measurement, label));
  const offered = offeredRates(
    seen.map(({ acked }, i) => ({ acked, busy: fits[i]?.busy ?? 0 })),
    measurement.refused + measurement.unknown,
    scheduleS,
  );
  return layout.labels.map((label, i) => {
    const shard = seen[i]!;
    const commit = quantiles(shard.commit);
    return {
      label,
      acked: shard.acked,
      stored: stored[i]!,
      bytes: shard.bytes,
      share: total > 0 ? stored[i]! / total : 0,
      deliveryMs: quantiles(shard.delivery),
      commitMs: { p50: commit.p50, p99: commit.p99 },
      innocentP99Ms: shard.innocent.count > 0 ? quantileOf(shard.innocent, 0.99) : null,
      serviceMs: quantiles(shard.service),
      dialogs: dialogs[i]!,
      offeredPerS: offered[i]!,
      limitPerS: null,
      ...fits[i]?.limit,
      busy: fits[i]?.busy ?? 0,
    };
  });
}
