import type { Measurement, ShardMeasurement } from "../../../loadtest/measurement/measurement.ts";
import { NO_FAILURES } from "../../../loadtest/measurement/failed-messages.ts";
import { createHistogram, type HistogramData } from "../../../loadtest/measurement/histogram.ts";

/** A histogram of `count` samples of one value. */
export function histogramOf(count: number, ms: number): HistogramData {
  const histogram = createHistogram();
  for (let i = 0; i < count; i++) histogram.record(ms);
  return histogram.toData();
}

export function shardOf(acked: number, sum = 0): ShardMeasurement {
  const [delivery, service, innocent, commit] = [5, 4, 5, 2].map((ms) => histogramOf(acked, ms));
  return {
    acked,
    offline: 0,
    sum,
    bytes: 100 * acked,
    delivery: delivery!,
    service: service!,
    innocent: innocent!,
    commit: commit!,
  };
}

/** A faultless run of 1,000 messages at 100/s on two shards, 400 of them hot. */
export function goodMeasurement(changes: Partial<Measurement> = {}): Measurement {
  return {
    driver: "node",
    startedAt: "2026-01-01T00:00:00.000Z",
    interrupted: false,
    planned: 1_000,
    sent: 1_000,
    resent: 0,
    refused: 0,
    unknown: 0,
    late: 0,
    notConnected: 0,
    failed: NO_FAILURES,
    balance: { widthMs: 1_000, rows: [] },
    absences: [],
    errors: {},
    hotOffered: 400,
    delivered: 1_000,
    offline: 0,
    duplicated: 0,
    reordered: 0,
    shards: { "00": shardOf(600, 6_000), "01": shardOf(400, 4_000) },
    slices: [],
    generator: { sendLag: histogramOf(1_000, 1), handlerLag: histogramOf(1_000, 0.1), cpu: 0.3 },
    ...changes,
  };
}
