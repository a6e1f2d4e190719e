import { fitWriter } from "../../../server/statistics/writer-fit.ts";
import type { AuditReply, ShardsReply, ShardStatus, WriterTotals } from "../../../server/protocol/http.ts";
import type { Measurement, ShardMeasurement } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";
import { quantileOf, quantilesOf } from "../../measurement/histogram.ts";
import { createShardTotal, shardMeasurement } from "../../measurement/shard-total.ts";
import { knownLimit } from "./headroom.ts";
import type { Layout } from "./where-it-lay.ts";

const IDLE = shardMeasurement(createShardTotal());
const NOTHING: WriterTotals = { commits: 0, rows: 0, seconds: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 0 };

/** What the generator saw of a shard; zeros when it saw nothing. */
export const measuredOf = (measurement: Measurement, label: string): ShardMeasurement =>
  measurement.shards[label] ?? IDLE;

interface Evidence {
  readonly measurement: Measurement;
  readonly before: ShardsReply;
  readonly after: ShardsReply;
  /** Of what was offered. */
  readonly layout: Layout;
  /** Failed messages by label. */
  readonly failed: ReadonlyMap<string, number>;
  /** Null: the server was gone. */
  readonly audit: AuditReply | null;
  /** Seconds of the schedule, warm-up included. */
  readonly scheduleS: number;
  /** Rows went from one shard to another: messages belong where they are now. */
  readonly isMoved?: boolean;
}

/** Totals at the start; nothing when the server was started anew in between. */
function startOf(before: ShardsReply, after: ShardStatus): WriterTotals {
  const start = before.shards.find(({ label }) => label === after.label)?.writer ?? NOTHING;
  return start.commits > after.writer.commits ? NOTHING : start;
}

/**
 * The `shards` of a result: what each was offered and stored, how long it took, how near its writer is to its limit.
 */
export function measuredShards(evidence: Evidence): Result["shards"] {
  const { measurement, before, after, layout, failed, audit, scheduleS, isMoved = false } = evidence;
  const [dialogs, belong] = [new Float64Array(layout.labels.length), new Float64Array(layout.labels.length)];
  for (const { shard, messages } of layout.loads) {
    dialogs[shard]! += 1;
    belong[shard]! += messages;
  }
  const fits = layout.labels.map((label) => {
    const status = after.shards.find((shard) => shard.label === label);
    if (status === undefined) return { busy: 0, limit: null };
    const fit = fitWriter(startOf(before, status), status, scheduleS);
    return { busy: fit.busy, limit: knownLimit(fit) };
  });
  const seen = layout.labels.map((label) => measuredOf(measurement, label));
  const written = layout.labels.map((label, i) => (seen[i]?.acked ?? 0) + (failed.get(label) ?? 0));
  const offered = isMoved ? [...belong] : written;
  const total = offered.reduce((a, b) => a + b, 0);
  return layout.labels.map((label, i) => {
    const shard = seen[i]!;
    return {
      label,
      offered: offered[i]!,
      acked: shard.acked,
      offline: shard.offline,
      stored: audit === null ? null : (audit.shards.find((row) => row.shard === label)?.rows ?? 0),
      bytes: shard.bytes,
      share: total > 0 ? offered[i]! / total : 0,
      deliveryMs: quantilesOf(shard.delivery, ["p50", "p95", "p99", "p999"]),
      commitMs: quantilesOf(shard.commit, ["p50", "p95", "p99"]),
      innocentP99Ms: shard.innocent.count > 0 ? quantileOf(shard.innocent, 0.99) : null,
      serviceMs: quantilesOf(shard.service, ["p50", "p95", "p99", "p999"]),
      dialogs: dialogs[i]!,
      offeredPerS: written[i]! / scheduleS,
      limitPerS: null,
      ...fits[i]?.limit,
      busy: fits[i]?.busy ?? 0,
    };
  });
}
