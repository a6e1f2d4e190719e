import type { Exemplar, Exposition, Labels, Sample } from "./exposition.ts";
import type { MetricName } from "./metric-names.ts";

/** Upper bounds, seconds, from half a millisecond to five seconds. */
export const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

export interface Series {
  /**
   * Adds `count` observations of the same value.
   * @param exemplar labels of an event that had this value; the last one of each bucket is exported
   */
  observe(value: number, count?: number, exemplar?: Labels): void;
  /** Observations by bucket since the start, the last one above every bound; a view that goes on counting. */
  readonly counts: Readonly<Float64Array>;
}

interface FamilyOptions {
  /** Upper bounds, ascending; of all series, or for each by its labels. */
  readonly buckets: readonly number[] | ((labels: Labels) => readonly number[]);
  /** Of the bounds, those that a scrape shows; by default all. */
  readonly shown?: (labels: Labels) => readonly number[];
}

/**
 * Prometheus histograms of one name whose observations carry a weight: the rows of one commit share its duration, and n
 * calls of prom-client's own `observe` (550 ns each) would cost more than placing and queueing the messages.
 *
 * @returns makes one more series, at 0
 */
export function histogramFamily(
  exposition: Exposition,
  name: MetricName,
  { buckets, shown }: FamilyOptions,
): (labels: Labels) => Series {
  const all: (() => readonly Sample[])[] = [];
  exposition.add(name, () => all.flatMap((read) => read()));
  return (labels) => {
    const bounds = typeof buckets === "function" ? buckets(labels) : buckets;
    const { read, series } = createSeries(name, bounds, shown?.(labels) ?? bounds, labels);
    all.push(read);
    return series;
  };
}

/** The same for a closed set of labels. @returns the series, in the order of `options.series` */
export function weightedHistogram(
  exposition: Exposition,
  name: MetricName,
  options: FamilyOptions & { readonly series: readonly Labels[] },
): Series[] {
  return options.series.map(histogramFamily(exposition, name, options));
}

/** One histogram without labels. */
export function plainHistogram(exposition: Exposition, name: MetricName, buckets: readonly number[]): Series {
  return weightedHistogram(exposition, name, { buckets, series: [{}] })[0]!;
}

function createSeries(
  name: string,
  buckets: readonly number[],
  shown: readonly number[],
  labels: Labels,
): { series: Series; read: () => readonly Sample[] } {
  const counts = new Float64Array(buckets.length + 1);
  const exemplars: (Exemplar | undefined)[] = [];
  let total = 0;
  const inBucket = [...shown, "+Inf"].map((le): Sample => bucketSample(name, le, labels));
  /** Of each bucket, the shown one that it is part of. */
  const shownAt = [...buckets, Infinity].map((bound) => shown.filter((below) => below < bound).length);
  const sum: Sample = { metricName: `${name}_sum`, sharedLabels: labels, value: 0 };
  const count: Sample = { metricName: `${name}_count`, sharedLabels: labels, value: 0 };
  const samples = [...inBucket, sum, count];

  return {
    series: {
      counts,
      observe(value, weight = 1, exemplar) {
        let index = 0;
        while (index < buckets.length && value > buckets[index]!) index++;
        counts[index]! += weight;
        total += value * weight;
        if (exemplar !== undefined)
          exemplars[index] = { labelSet: exemplar, value, timestamp: Math.round(Date.now()) / 1_000 };
      },
    },
    read() {
      let below = 0;
      for (const [index, at] of shownAt.entries()) {
        const sample = inBucket[at]!;
        sample.value = below += counts[index]!;
        const exemplar = exemplars[index];
        if (exemplar !== undefined && !isOlder(exemplar, sample.exemplar)) sample.exemplar = exemplar;
      }
      sum.value = total;
      count.value = below;
      return samples;
    },
  };
}

function isOlder({ timestamp }: Exemplar, other: Exemplar | undefined): boolean {
  return other !== undefined && timestamp < other.timestamp;
}

function bucketSample(name: string, le: string | number, labels: Labels): Sample {
  return { metricName: `${name}_bucket`, sharedLabels: { le, ...labels }, value: 0 };
}
