import type { Registry } from "prom-client";

/** Upper bounds, seconds, from half a millisecond to five seconds. */
export const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

export interface Series {
  /** Adds `count` observations of the same value. */
  observe(value: number, count?: number): void;
  /** Observations by bucket since the start, the last one above every bound; a view that goes on counting. */
  readonly counts: Readonly<Float64Array>;
}

interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly buckets: readonly number[];
  /** Every label combination that will ever exist: all are exported from the start, at 0. */
  readonly series: readonly Readonly<Record<string, string>>[];
}

/**
 * A Prometheus histogram whose observations carry a weight: the rows of one commit share its duration, and n calls of
 * prom-client's own `observe` (550 ns each) would cost more than placing and queueing the messages. It exports through
 * prom-client's registry like any other metric.
 *
 * @returns the series, in the order of `options.series`
 */
export function weightedHistogram(registry: Registry, options: HistogramOptions): Series[] {
  const { name, help, buckets } = options;
  const all = options.series.map((labels) => ({ labels, counts: new Float64Array(buckets.length + 1), sum: 0 }));
  type Exported = (typeof all)[number];

  function exportOf({ labels, counts, sum }: Exported) {
    let total = 0;
    const values = buckets.map((le, index) => ({
      metricName: `${name}_bucket`,
      labels: { le, ...labels },
      value: (total += counts[index]!),
    }));
    total += counts[buckets.length]!;
    return [
      ...values,
      { metricName: `${name}_bucket`, labels: { le: "+Inf", ...labels }, value: total },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  }

  const metric = {
    name,
    help,
    type: "histogram",
    aggregator: "sum",
    get: () => ({ name, help, type: "histogram", aggregator: "sum", values: all.flatMap(exportOf) }),
    reset() {
      for (const one of all) {
        one.counts.fill(0);
        one.sum = 0;
      }
    },
  };
  registry.registerMetric(metric as unknown as Parameters<Registry["registerMetric"]>[0]);

  return all.map((one) => ({
    counts: one.counts,
    observe(value, count = 1) {
      let index = 0;
      while (index < buckets.length && value > buckets[index]!) index++;
      one.counts[index]! += count;
      one.sum += value * count;
    },
  }));
}
