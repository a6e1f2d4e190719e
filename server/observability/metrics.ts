import { Counter, Gauge, Registry } from "prom-client";
import { ERROR_CODES, type ErrorCode } from "../protocol/errors.ts";
import { SECONDS_BUCKETS, weightedHistogram } from "./weighted-histogram.ts";

const STAGES = ["validate", "place", "queue", "commit", "deliver"] as const;
const OPERATIONS = ["insert", "history", "audit", "find"] as const;
const RESULTS = ["stored", "duplicate", "refused", "failed"] as const;
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
/** Hot dialogs are exported by rank, so that their ids never become labels. */
export const HOT_RANKS = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"];

export type Stage = (typeof STAGES)[number];
export type Operation = (typeof OPERATIONS)[number];
export type MessageResult = (typeof RESULTS)[number];

/** What the metrics read when they are scraped. */
export interface MetricSources {
  connections(): number;
  queueRows(shard: number): number;
  epoch(): number;
  /** Shares of the most frequent dialogs, descending. */
  hotShares(): readonly number[];
}

export interface Metrics {
  readonly registry: Registry;
  messages(shard: number, result: MessageResult, count: number): void;
  operation(shard: number, op: Operation, seconds: number, ok: boolean): void;
  /** Commits of a shard by duration since the start, over the bounds of `SECONDS_BUCKETS` and above; a live view. */
  commitCounts(shard: number): Readonly<Float64Array>;
  batch(shard: number, rows: number): void;
  stage(stage: Stage, seconds: number, count?: number): void;
  recipientOffline(): void;
  recipientsOffline(): number;
  readonly error: (code: ErrorCode) => void;
}

/** All metrics of the server, by the names of the contract; every series exists from the start, at 0. */
export function createMetrics(shards: readonly string[], sources: MetricSources): Metrics {
  const registry = new Registry();
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });

  const messages = counter("chat_messages_total", "Messages by shard and result", ["shard", "result"]);
  const operations = counter("chat_shard_operations_total", "Database operations", ["shard", "op", "result"]);
  const errors = counter("chat_errors_total", "Error frames and answers by code", ["code"]);
  const offline = counter("chat_recipients_offline_total", "Messages whose recipient had no connection", []);
  for (const shard of shards) {
    for (const result of RESULTS) messages.inc({ shard, result }, 0);
    for (const op of OPERATIONS) for (const result of ["ok", "failed"]) operations.inc({ shard, op, result }, 0);
  }
  for (const code of ERROR_CODES) errors.inc({ code }, 0);

  const durations = weightedHistogram(registry, {
    name: "chat_shard_operation_duration_seconds",
    help: "Duration of database operations",
    buckets: SECONDS_BUCKETS,
    series: shards.flatMap((shard) => OPERATIONS.map((op) => ({ shard, op }))),
  });
  const stages = weightedHistogram(registry, {
    name: "chat_stage_duration_seconds",
    help: "Duration of the stages of a message",
    buckets: SECONDS_BUCKETS,
    series: STAGES.map((stage) => ({ stage })),
  });
  const batches = weightedHistogram(registry, {
    name: "chat_writer_batch_rows",
    help: "Rows of a commit",
    buckets: BATCH_BUCKETS,
    series: shards.map((shard) => ({ shard })),
  });
  registerGauges(registry, shards, sources);

  let offlineCount = 0;
  return {
    registry,
    messages: (shard, result, count) => messages.inc({ shard: shards[shard]!, result }, count),
    operation(shard, op, seconds, ok) {
      operations.inc({ shard: shards[shard]!, op, result: ok ? "ok" : "failed" });
      durations[shard * OPERATIONS.length + OPERATIONS.indexOf(op)]!.observe(seconds);
    },
    commitCounts: (shard) => durations[shard * OPERATIONS.length + OPERATIONS.indexOf("insert")]!.counts,
    batch: (shard, rows) => batches[shard]!.observe(rows),
    stage: (stage, seconds, count) => stages[STAGES.indexOf(stage)]!.observe(seconds, count),
    recipientOffline() {
      offlineCount++;
      offline.inc();
    },
    recipientsOffline: () => offlineCount,
    error: (code) => errors.inc({ code }),
  };
}

function registerGauges(registry: Registry, shards: readonly string[], sources: MetricSources): void {
  const gauge = (name: string, help: string, labelNames: string[], collect: (this: Gauge) => void) =>
    new Gauge({ name, help, labelNames, collect, registers: [registry] });

  gauge("chat_shards", "Shards that the topology names", [], function () {
    this.set(shards.length);
  });
  gauge("chat_connections", "Open WebSocket connections", [], function () {
    this.set(sources.connections());
  });
  gauge("chat_topology_epoch", "Version of the topology", [], function () {
    this.set(sources.epoch());
  });
  gauge("chat_writer_queue_rows", "Rows that wait for a commit", ["shard"], function () {
    shards.forEach((shard, index) => this.set({ shard }, sources.queueRows(index)));
  });
  gauge("chat_hot_dialog_share", "Share of the most frequent dialogs, by rank", ["rank"], function () {
    const shares = sources.hotShares();
    HOT_RANKS.forEach((rank, index) => this.set({ rank }, shares[index] ?? 0));
  });
}
