import { ERROR_CODES, type ErrorCode } from "../protocol/errors.ts";
import { createExposition, type Exposition, type Labels } from "./exposition.ts";
import { registerGauges, type MetricSources } from "./gauges.ts";
import { RESULTS, SCRAPE_RESULTS, STAGES, type OPERATIONS } from "./metric-names.ts";
import { countersOf, readingOf, readingsOf } from "./series.ts";
import { shardDetail } from "./shard-detail.ts";
import { plainHistogram, SECONDS_BUCKETS, weightedHistogram } from "./weighted-histogram.ts";

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const FANOUT_BUCKETS = [0, 1, 2, 5, 10, 50, 100, 1_000];
const WAIT_BUCKETS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

export type Stage = (typeof STAGES)[number];
export type Operation = (typeof OPERATIONS)[number];
export type MessageResult = (typeof RESULTS)[number];

/** Names the message that an exemplar shows. */
export interface Example {
  readonly dialog: string;
  readonly id: string;
  readonly connection?: string;
  readonly traceId?: string;
}

export interface Metrics {
  readonly exposition: Exposition;
  messages(shard: number, result: MessageResult, count: number): void;
  /** Messages of a shard that were refused or failed, since the start. */
  readonly unstored: (shard: number) => number;
  resend(shard: number): void;
  /** @param example a message of the commit, for the exemplar */
  operation(shard: number, op: Operation, seconds: number, ok: boolean, example?: Example): void;
  /** Commits of a shard by duration since the start, over the bounds of `SECONDS_BUCKETS` and above; a live view. */
  readonly commitCounts: (shard: number) => Readonly<Float64Array>;
  batch(shard: number, rows: number): void;
  busy(shard: number, seconds: number): void;
  poolWait(shard: number, seconds: number): void;
  textBytes(shard: number, bytes: number): void;
  stage(stage: Stage, seconds: number, count?: number, example?: Example): void;
  /** Names a traced message, counted already, as the exemplar of its commit. */
  traced(shard: number, seconds: number, example: Example): void;
  /** A stored message reached so many connections, none of its recipient's when `offline`. */
  delivered(connections: number, offline: boolean): void;
  recipientsOffline(): number;
  scraped(result: (typeof SCRAPE_RESULTS)[number]): void;
  readonly error: (code: ErrorCode) => void;
}

/** All metrics of the server, by the names of the contract; every series exists from the start, at 0. */
export function createMetrics(shards: readonly string[], sources: MetricSources): Metrics {
  const exposition = createExposition();
  const detail = shardDetail(shards);
  const { byShard, coarse, coarseAt, durationAt, operationAt } = detail;
  const messages = countersOf(exposition, "chat_messages_total", product(byShard, "result", RESULTS));
  const resends = countersOf(exposition, "chat_resends_total", coarse);
  const byOperation = product(detail.operations, "result", ["ok", "failed"]);
  const operations = countersOf(exposition, "chat_shard_operations_total", byOperation);
  const durations = weightedHistogram(exposition, "chat_shard_operation_duration_seconds", {
    buckets: detail.durationBuckets,
    shown: detail.durationShown,
    series: detail.durations,
  });
  const textBytes = countersOf(exposition, "chat_shard_text_bytes_total", byShard);
  const busy = countersOf(exposition, "chat_writer_busy_seconds_total", byShard);
  const batches = weightedHistogram(exposition, "chat_writer_batch_rows", { buckets: BATCH_BUCKETS, series: coarse });
  const waits = weightedHistogram(exposition, "chat_pool_wait_seconds", { buckets: WAIT_BUCKETS, series: coarse });
  const stages = weightedHistogram(exposition, "chat_stage_duration_seconds", {
    buckets: SECONDS_BUCKETS,
    series: STAGES.map((stage) => ({ stage })),
  });
  const fanout = plainHistogram(exposition, "chat_delivery_fanout", FANOUT_BUCKETS);
  const errors = new Float64Array(ERROR_CODES.length);
  const codes = ERROR_CODES.map((code) => ({ code }));
  readingsOf(exposition, "chat_errors_total", codes, (index) => errors[index]!);
  readingOf(exposition, "chat_slow_readers_total", () => errors[ERROR_CODES.indexOf("SLOW_READER")]!);
  let offline = 0;
  readingOf(exposition, "chat_recipients_offline_total", () => offline);
  const scrapes = countersOf(exposition, "chat_scrapes_total", product([{}], "result", SCRAPE_RESULTS));
  registerGauges(exposition, detail, sources);

  return {
    exposition,
    messages: (shard, result, count) => void (messages[shard * RESULTS.length + RESULTS.indexOf(result)]! += count),
    unstored: (shard) =>
      messages[shard * RESULTS.length + RESULTS.indexOf("refused")]! +
      messages[shard * RESULTS.length + RESULTS.indexOf("failed")]!,
    resend: (shard) => void resends[coarseAt(shard)]!++,
    operation(shard, op, seconds, ok, example) {
      operations[2 * operationAt(shard, op) + (ok ? 0 : 1)]!++;
      durations[durationAt(shard, op)]!.observe(seconds, 1, exemplarOf(example));
    },
    commitCounts: (shard) => durations[durationAt(shard, "insert")]!.counts,
    batch: (shard, rows) => batches[coarseAt(shard)]!.observe(rows),
    busy: (shard, seconds) => void (busy[shard]! += seconds),
    poolWait: (shard, seconds) => waits[coarseAt(shard)]!.observe(seconds),
    textBytes: (shard, bytes) => void (textBytes[shard]! += bytes),
    stage: (stage, seconds, count, example) =>
      stages[STAGES.indexOf(stage)]!.observe(seconds, count, exemplarOf(example)),
    traced(shard, seconds, example) {
      const exemplar = exemplarOf(example);
      durations[durationAt(shard, "insert")]!.observe(seconds, 0, exemplar);
      stages[STAGES.indexOf("commit")]!.observe(seconds, 0, exemplar);
    },
    delivered(connections, isOffline) {
      fanout.observe(connections);
      if (isOffline) offline++;
    },
    recipientsOffline: () => offline,
    scraped: (result) => void scrapes[SCRAPE_RESULTS.indexOf(result)]!++,
    error: (code) => void errors[ERROR_CODES.indexOf(code)]!++,
  };
}

function product(rows: readonly Labels[], label: string, values: readonly string[]): Labels[] {
  return rows.flatMap((row) => values.map((value) => ({ ...row, [label]: value })));
}

/** At most 105 characters: a dialog has 33, an id 19, a connection 16, a trace 32, which leads to the connection. */
function exemplarOf(example: Example | undefined): Record<string, string> | undefined {
  if (example === undefined) return undefined;
  const { connection, dialog, id: message, traceId } = example;
  if (traceId !== undefined) return { dialog, message, trace_id: traceId };
  return connection === undefined ? { dialog, message } : { dialog, message, connection };
}
