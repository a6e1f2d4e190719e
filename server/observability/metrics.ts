import { ERROR_CODES, type ErrorCode } from "../protocol/errors.ts";
import { createExposition, type Exposition } from "./exposition.ts";
import { registerGauges, type MetricSources } from "./gauges.ts";
import { SCRAPE_RESULTS, STAGES, type RESULTS } from "./metric-names.ts";
import { CHANGE_KINDS, type ChangeKind } from "../protocol/topology-change.ts";
import type { Probe } from "./probe.ts";
import { countersOf, readingOf, readingsOf } from "./series.ts";
import { createShardMeters, idleMeter, type ShardMeters } from "./shard-meters.ts";
import { plainHistogram, SECONDS_BUCKETS, weightedHistogram } from "./weighted-histogram.ts";

const FOLLOW_BUCKETS = [0.01, 0.05, 0.1, 0.5, 2.5];
const FANOUT_BUCKETS = [0, 1, 2, 5, 10, 50, 100, 1_000];

export type Stage = (typeof STAGES)[number];
export type MessageResult = (typeof RESULTS)[number];

interface MetricOptions {
  /** Shards at the start. */
  readonly shards: number;
  /** Messages are traced: then exemplars lead to traces, and there are no others. */
  readonly isTraced: boolean;
  /** False: what the chat itself needs is counted, and no more. Default true. */
  readonly observe?: boolean;
}

export interface Metrics {
  readonly exposition: Exposition;
  readonly meters: ShardMeters;
  /** Counts the messages on their way. */
  readonly probe: Partial<Probe>;
  /** Messages whose recipient had no connection, since the start. */
  recipientsOffline(): number;
  /** A change of the topology was followed. */
  readonly changed: (kind: ChangeKind) => void;
  /** It took so long to follow a newer topology. */
  readonly followed: (ms: number) => void;
  scraped(result: (typeof SCRAPE_RESULTS)[number]): void;
  readonly error: (code: ErrorCode) => void;
}

/** All metrics of the server, by the names of the contract; every series exists from the start, at 0. */
export function createMetrics(options: MetricOptions, sources: MetricSources): Metrics {
  const { isTraced, observe = true, shards } = options;
  const exposition = createExposition();
  const [validate, place, queue, commit, deliver] = weightedHistogram(exposition, "chat_stage_duration_seconds", {
    buckets: SECONDS_BUCKETS,
    series: STAGES.map((stage) => ({ stage })),
  });
  const meters = createShardMeters(exposition, { shards, stage: commit!, hasExamples: !isTraced });
  const fanout = plainHistogram(exposition, "chat_delivery_fanout", FANOUT_BUCKETS);
  const errors = new Float64Array(ERROR_CODES.length);
  const codes = ERROR_CODES.map((code) => ({ code }));
  readingsOf(exposition, "chat_errors_total", codes, (index) => errors[index]!);
  readingOf(exposition, "chat_slow_readers_total", () => errors[ERROR_CODES.indexOf("SLOW_READER")]!);
  let offline = 0;
  readingOf(exposition, "chat_recipients_offline_total", () => offline);
  const changeKinds = CHANGE_KINDS.map((kind) => ({ kind }));
  const changes = countersOf(exposition, "chat_topology_changes_total", changeKinds);
  const follows = plainHistogram(exposition, "chat_topology_follow_seconds", FOLLOW_BUCKETS);
  let followers = 0;
  readingOf(exposition, "chat_followed_messages_total", () => followers);
  const scrapeResults = SCRAPE_RESULTS.map((result) => ({ result }));
  const scrapes = countersOf(exposition, "chat_scrapes_total", scrapeResults);
  registerGauges(exposition, sources);
  const error = (code: ErrorCode): void => void errors[ERROR_CODES.indexOf(code)]!++;

  const stages: Partial<Probe> = {
    placed({ resend, shard }, from, to) {
      place!.observe((to - from) / 1_000);
      if (resend) shard!.meter.resent();
    },
    refused({ shard }, { queueMs }) {
      if (queueMs === undefined) shard?.meter.refused(1);
      else queue!.observe(queueMs / 1_000);
    },
    committed({ row, shard, trace }, { commitMs, duplicate, found, id, queueMs }) {
      const { meter } = shard!;
      if (found === true) {
        meter.found();
        meter.resent();
        return;
      }
      queue!.observe(queueMs / 1_000);
      if (trace) meter.traced(commitMs / 1_000, { dialog: row!.dialog, id, traceId: trace.id });
      if (!duplicate) meter.text(Buffer.byteLength(row!.text));
    },
    decoded: (from, to, frames) => validate!.observe((to - from) / 1_000, frames),
  };

  return {
    exposition,
    meters: observe ? meters : { add: (label, read) => ({ ...meters.add(label, read), ...idleMeter() }) },
    probe: {
      ...(observe && stages),
      delivered(messages, from, to) {
        for (const { readers, twins } of messages) {
          fanout.observe(readers + twins);
          if (readers === 0) offline++;
        }
        if (observe) deliver!.observe((to - from) / 1_000, messages.length);
      },
      followed: () => void (followers += 1),
      answered: error,
    },
    recipientsOffline: () => offline,
    changed: (kind) => void changes[CHANGE_KINDS.indexOf(kind)]!++,
    followed: (ms) => follows.observe(ms / 1_000),
    scraped: (result) => void scrapes[SCRAPE_RESULTS.indexOf(result)]!++,
    error,
  };
}
