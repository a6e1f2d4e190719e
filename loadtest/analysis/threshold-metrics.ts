import { effectiveShards, gini, maxOverMean, variationCoefficient } from "../../server/placement/skew.ts";
import type { Measurement } from "../drivers/contract.ts";
import type { Result } from "../report/result.ts";
import { mergeHistograms, quantileOf, type HistogramData } from "../traffic/histogram.ts";
import { createRandom } from "../traffic/random.ts";
import { maxOverMeanInterval, quantileInterval, shareInterval, type Interval } from "./intervals.ts";
import { quantileOf as quantileOfSorted, throwInto } from "./sampling.ts";

/** What a threshold is read from. */
export interface Subject {
  readonly result: Omit<Result, "thresholds">;
  readonly measurement: Measurement;
  /** Null: the whole run. */
  readonly shard: string | null;
}

/** A value with its 95 % interval; both ends null where chance has no part or nobody can tell. */
export interface Reading extends Interval {
  readonly value: number;
  /** What it rests on; null when it is no statistic of samples. */
  readonly samples: number | null;
}

/** What decides how long a run must be. */
export type Needs =
  | { readonly of: "quantile"; readonly samples: "deliveries" | "messages" | "innocents"; readonly q: number }
  | { readonly of: "skew"; readonly statistic: (loads: readonly number[]) => number }
  | { readonly of: "share" }
  | { readonly of: "rate" }
  | { readonly of: "blast" }
  | { readonly of: "nothing" };

interface MetricRow {
  readonly kind: "ms" | "ratio" | "share" | "rate" | "count";
  readonly meaning: string;
  /** Whether `shard.LABEL.` may stand before it, or must. */
  readonly perShard?: true | "only";
  readonly needs: Needs;
  /** @returns null when the run cannot tell */
  readonly read: (subject: Subject) => Reading | null;
}

/** Factors to the base unit. */
export const UNITS: Readonly<Record<MetricRow["kind"], Readonly<Record<string, number>>>> = {
  ms: { us: 0.001, ms: 1, s: 1000 },
  ratio: { "": 1, x: 1 },
  share: { "%": 0.01, "": 1 },
  rate: { "/s": 1 },
  count: { "": 1 },
};

const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 } as const;
type QuantileName = keyof typeof QUANTILES;
type TimeName = "delivery" | "service" | "commit" | "innocent";
type TimeMetric = `${TimeName}.${QuantileName}`;

const NOTHING: Needs = { of: "nothing" };

const certain = (value: number): Reading => ({ value, low: null, high: null, samples: null });

function quantileReading(data: HistogramData, q: number): Reading | null {
  if (data.count === 0) return null;
  const { low, high } = q < 1 ? quantileInterval(data, q) : { low: null, high: null };
  // A duration is never below 0, however few the samples.
  return { value: quantileOf(data, q), low: q < 1 ? (low ?? 0) : null, high, samples: data.count };
}

/** Messages that waited in one queue are not independent: then the interval from the time slices is the wider one. */
function widened(reading: Reading | null, { result, shard }: Subject, metric: string): Reading | null {
  const slices = result.latencyIntervals?.find((row) => row.metric === metric && row.shard === shard);
  if (reading === null || slices === undefined) return reading;
  const { low, high } = reading;
  return {
    ...reading,
    // Null: the run's seconds hang together so much that they cannot tell.
    low: low === null ? low : Math.min(low, slices.low ?? 0),
    high: high === null || slices.high === null ? null : Math.max(high, slices.high),
  };
}

function histogramOf({ measurement, shard }: Subject, name: TimeName): HistogramData {
  const shards = shard === null ? Object.values(measurement.shards) : [measurement.shards[shard]];
  return mergeHistograms(shards.flatMap((one) => (one === undefined ? [] : [one[name]])));
}

const TIMES = {
  delivery: ["received − intended", "deliveries"],
  service: ["received − sent", "deliveries"],
  commit: ["in the server, of the commit", "messages"],
  innocent: ["delivery of dialogs that the story does not make hot", "innocents"],
} as const satisfies Record<TimeName, readonly [string, "deliveries" | "messages" | "innocents"]>;

function timeRows(): Record<TimeMetric, MetricRow> {
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
        read: (subject) => widened(quantileReading(histogramOf(subject, name), q), subject, `${name}.${quantile}`),
      };
    }
  }
  return rows as Record<TimeMetric, MetricRow>;
}

const storedOf = ({ result }: Subject): number[] => result.shards.map(({ stored }) => stored);
const totalOf = (loads: readonly number[]): number => loads.reduce((sum, load) => sum + load, 0);

/** Percentile bootstrap over messages (Efron & Tibshirani 1993, section 13.3), with a fixed seed. */
function bootstrapped(loads: readonly number[], statistic: (loads: readonly number[]) => number): Reading | null {
  const total = totalOf(loads);
  if (total === 0) return null;
  const value = statistic(loads);
  const random = createRandom(11, loads.length).uniform;
  const shares = loads.map((load) => load / total);
  const drawn = new Float64Array(loads.length);
  const values = Float64Array.from({ length: 2_000 }, () => {
    drawn.fill(0);
    throwInto(drawn, random, total, shares, 1);
    return statistic([...drawn]);
  }).sort();
  const low = Math.min(value, quantileOfSorted(values, 0.025));
  return { value, low, high: Math.max(value, quantileOfSorted(values, 0.975)), samples: total };
}

function shareReading(events: number, n: number): Reading | null {
  return n === 0 ? null : { value: events / n, ...shareInterval(events, n), samples: n };
}

function auditRow(name: "lost" | "duplicated" | "reordered" | "extraCopies" | "unknown", meaning: string): MetricRow {
  return { kind: "count", meaning, needs: NOTHING, read: ({ result }) => certain(result.audit[name]) };
}

function lagRow(name: "sendLag" | "handlerLag", meaning: string): MetricRow {
  return {
    kind: "ms",
    meaning,
    needs: { of: "quantile", samples: "messages", q: 0.99 },
    read: ({ measurement }) => quantileReading(measurement.generator[name], 0.99),
  };
}

const TABLE = {
  ...timeRows(),
  "skew.maxOverMean": {
    kind: "ratio",
    meaning: "largest shard over the mean of all, by stored messages",
    needs: { of: "skew", statistic: maxOverMean },
    read(subject) {
      const loads = storedOf(subject);
      return { value: subject.result.skew.maxOverMean, ...maxOverMeanInterval(loads), samples: totalOf(loads) };
    },
  },
  "skew.effectiveShards": {
    kind: "ratio",
    meaning: "how many even shards would carry the load as badly",
    needs: { of: "skew", statistic: effectiveShards },
    read(subject) {
      const loads = storedOf(subject);
      const { low, high } = maxOverMeanInterval(loads);
      const value = subject.result.skew.effectiveShards;
      return { value, low: loads.length / high, high: loads.length / low, samples: totalOf(loads) };
    },
  },
  "skew.cv": {
    kind: "share",
    meaning: "standard deviation of the shards over their mean",
    needs: { of: "skew", statistic: variationCoefficient },
    read: (subject) => bootstrapped(storedOf(subject), variationCoefficient),
  },
  "skew.gini": {
    kind: "ratio",
    meaning: "0 even … 1 all on one",
    needs: { of: "skew", statistic: gini },
    read: (subject) => bootstrapped(storedOf(subject), gini),
  },
  share: {
    kind: "share",
    perShard: "only",
    meaning: "of the stored messages",
    needs: NOTHING,
    read(subject) {
      const loads = storedOf(subject);
      const shard = subject.result.shards.find(({ label }) => label === subject.shard);
      return shareReading(shard?.stored ?? 0, totalOf(loads));
    },
  },
  busy: {
    kind: "share",
    perShard: "only",
    meaning: "of the time, a commit was under way",
    needs: NOTHING,
    read({ result, shard }) {
      const found = result.shards.find(({ label }) => label === shard);
      return found === undefined ? null : certain(found.busy);
    },
  },
  "blastRadius.p99": {
    kind: "ratio",
    meaning: "p99 of innocent dialogs on the hot shard over that elsewhere",
    needs: { of: "blast" },
    read: blastReading,
  },
  "headroom.growth": {
    kind: "share",
    meaning: "growth of the traffic until the first shard saturates",
    needs: NOTHING,
    read({ result: { headroom } }) {
      if (headroom === null) return null;
      return { value: headroom.growthToLimit, low: null, high: null, ...headroom.growthInterval, samples: null };
    },
  },
  "traffic.rate": {
    kind: "rate",
    meaning: "acknowledged messages per second",
    needs: { of: "rate" },
    // A schedule holds as many messages as were asked for: chance has no part in it.
    read: ({ result }) => certain(result.traffic.rate),
  },
  errors: {
    kind: "share",
    meaning: "sent messages that were refused or had no answer",
    needs: { of: "share" },
    read: ({ result: { traffic } }) => shareReading(traffic.refused + traffic.unknown, traffic.sent),
  },
  "audit.lost": auditRow("lost", "acknowledged and not stored"),
  "audit.duplicated": auditRow("duplicated", "received twice by a reader"),
  "audit.reordered": auditRow("reordered", "received after a later message"),
  "audit.extraCopies": auditRow("extraCopies", "second rows of re-minted messages"),
  "audit.unknown": auditRow("unknown", "without an answer"),
  "sendLag.p99": lagRow("sendLag", "generator: actual − intended moment of the send"),
  "handlerLag.p99": lagRow("handlerLag", "generator: handler − socket"),
  "generator.cpu": {
    kind: "share",
    meaning: "busy share of one core",
    needs: NOTHING,
    read: ({ result }) => certain(result.generator.cpu),
  },
  "generator.dropped": {
    kind: "count",
    meaning: "planned and never sent",
    needs: NOTHING,
    read: ({ result }) => certain(result.generator.dropped),
  },
} satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof TABLE;

/** Every metric that a threshold may name. */
export const METRICS: Readonly<Record<MetricName, MetricRow>> = TABLE;
export const METRIC_NAMES = Object.keys(TABLE) as readonly MetricName[];

/** All of them in a line: those that differ by the percentile only stand together. */
export function metricsInWords(): string {
  const times = Object.keys(TIMES).map((name) => `${name}.{${Object.keys(QUANTILES).join(",")}}`);
  const others = METRIC_NAMES.filter((name) => !Object.keys(TIMES).some((time) => name.startsWith(`${time}.`)));
  const ofShard = others.filter((name) => METRICS[name].perShard === "only").map((name) => `shard.LABEL.${name}`);
  const ofRun = others.filter((name) => METRICS[name].perShard === undefined);
  return [...times.map((name) => `[shard.LABEL.]${name}`), ...ofShard, ...ofRun].join(", ");
}

function ratio(top: number | null, bottom: number | null): number | null {
  return top === null || bottom === null || bottom === 0 ? null : top / bottom;
}

/** The ratio of two p99's: its ends are those of the intervals of both, the worst way round. */
function blastReading({ result: { blastRadius }, measurement }: Subject): Reading | null {
  if (blastRadius === null) return null;
  const hot = measurement.shards[blastRadius.shard]?.innocent;
  const others = Object.entries(measurement.shards).filter(([label]) => label !== blastRadius.shard);
  const elsewhere = mergeHistograms(others.map(([, shard]) => shard.innocent));
  if (hot === undefined) return null;
  const above = quantileInterval(hot, 0.99);
  const below = quantileInterval(elsewhere, 0.99);
  return {
    value: blastRadius.p99,
    low: ratio(above.low, below.high),
    high: ratio(above.high, below.low),
    samples: hot.count + elsewhere.count,
  };
}
