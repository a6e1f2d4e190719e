import { mergeHistograms, QUANTILES, quantileOf, withNever, type HistogramData } from "../../measurement/histogram.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import type { NeverCame } from "../failures/failures.ts";
import { quantileInterval } from "./intervals.ts";
import type { MetricRow, Reading, Subject } from "./threshold-metric.ts";

type QuantileName = keyof typeof QUANTILES;
type TimeName = "delivery" | "service" | "commit" | "innocent";
type TimeMetric = `${TimeName}.${QuantileName}`;

function quantileReading(came: HistogramData, q: number, never = 0): Reading | null {
  const data = withNever(came, never);
  if (data.count === 0) return null;
  const { low, high } = q < 1 ? quantileInterval(data, q) : { low: null, high: null };
  // A duration is never below 0, however few the samples.
  return { value: quantileOf(data, q), low: q < 1 ? (low ?? 0) : null, high, samples: data.count, never };
}

function neverOf({ never, shard }: Subject, samples: keyof NeverCame): number {
  const shards = shard === null ? [...never.values()] : [never.get(shard)];
  return shards.reduce((sum, one) => sum + (one?.[samples] ?? 0), 0);
}

/** Messages that waited in one queue are not independent: then the interval from the time slices is the wider one. */
function widened(reading: Reading | null, { result, shard }: Subject, metric: string): Reading | null {
  const slices = result.latencyIntervals?.find((row) => row.metric === metric && row.shard === shard);
  if (reading === null || slices === undefined) return reading;
  const { low, high } = reading;
  return {
    ...reading,
    // Null: the run's seconds are correlated so much that they cannot tell.
    low: low === null ? low : Math.min(low, slices.low ?? 0),
    high: high === null || slices.high === null ? null : Math.max(high, slices.high),
  };
}

/** Durations of one shard; null: of all. */
export function durationsOf({ shards }: Measurement, name: TimeName, shard: string | null): HistogramData {
  const places = shard === null ? Object.values(shards) : [shards[shard]];
  return mergeHistograms(places.flatMap((place) => place?.[name] ?? []));
}

export const TIMES = {
  delivery: ["received − intended", "deliveries"],
  service: ["received − sent", "deliveries"],
  commit: ["in the server, of the commit", "messages"],
  innocent: ["delivery of dialogs that the story does not make hot", "innocents"],
} as const satisfies Record<TimeName, readonly [string, "deliveries" | "messages" | "innocents"]>;

/** Latencies: every kind by every quantile. */
export function timeRows(): Record<TimeMetric, MetricRow> {
  const rows: Partial<Record<TimeMetric, MetricRow>> = {};
  for (const name of Object.keys(TIMES) as TimeName[]) {
    const [meaning, samples] = TIMES[name];
    for (const quantile of Object.keys(QUANTILES) as QuantileName[]) {
      const q = QUANTILES[quantile];
      rows[`${name}.${quantile}`] = {
        kind: "ms",
        meaning,
        perShard: true,
        needs: { of: "quantile", samples, q },
        read: (subject) => {
          const reading = quantileReading(
            durationsOf(subject.measurement, name, subject.shard),
            q,
            neverOf(subject, samples),
          );
          return widened(reading, subject, `${name}.${quantile}`);
        },
      };
    }
  }
  return rows as Record<TimeMetric, MetricRow>;
}

export function lagRow(name: "sendLag" | "handlerLag", meaning: string): MetricRow {
  return {
    kind: "ms",
    meaning,
    needs: { of: "quantile", samples: "messages", q: 0.99 },
    read: ({ measurement }) => quantileReading(measurement.generator[name], 0.99),
  };
}

function ratio(top: number | null, bottom: number | null): number | null {
  return top === null || bottom === null || bottom === 0 ? null : top / bottom;
}

/** The ratio of two p99's: its ends are those of the intervals of both, the worst way round. */
export function blastReading({ result: { blastRadius }, measurement, never }: Subject): Reading | null {
  if (blastRadius === null) return null;
  const hot = measurement.shards[blastRadius.shard]?.innocent;
  const others = Object.entries(measurement.shards).filter(([label]) => label !== blastRadius.shard);
  const elsewhere = mergeHistograms(others.map(([, shard]) => shard.innocent));
  if (hot === undefined) return null;
  const missing = [...never].reduce((sum, [label, one]) => sum + (label === blastRadius.shard ? 0 : one.innocents), 0);
  const there = withNever(hot, never.get(blastRadius.shard)?.innocents ?? 0);
  const here = withNever(elsewhere, missing);
  const above = quantileInterval(there, 0.99);
  const below = quantileInterval(here, 0.99);
  return {
    value: quantileOf(there, 0.99) === Infinity ? Infinity : blastRadius.p99,
    low: ratio(above.low, below.high),
    high: ratio(above.high, below.low),
    samples: hot.count + elsewhere.count,
  };
}
