import type { Exposition, Labels, Sample } from "./exposition.ts";
import type { MetricName } from "./metric-names.ts";

/**
 * Counters whose series exist from the start, at 0, and are added to by index: prom-client's own look up their labels
 * at every increment, which costs more than the rest of a message's accounting.
 *
 * @param series every label combination that will ever exist
 * @returns the values in the same order, to be added to
 */
export function countersOf(exposition: Exposition, name: MetricName, series: readonly Labels[]): Float64Array {
  const values = new Float64Array(series.length);
  const samples = series.map((labels): Sample => ({ sharedLabels: labels, value: 0 }));
  exposition.add(name, () => {
    for (const [index, sample] of samples.entries()) sample.value = values[index]!;
    return samples;
  });
  return values;
}

/**
 * Gauges, or counters that something else counts, read at every scrape.
 *
 * @param read the value of the series with that index
 */
export function readingsOf(
  exposition: Exposition,
  name: MetricName,
  series: readonly Labels[],
  read: (index: number) => number,
): void {
  const samples = series.map((labels): Sample => ({ sharedLabels: labels, value: 0 }));
  exposition.add(name, () => {
    for (const [index, sample] of samples.entries()) sample.value = read(index);
    return samples;
  });
}

/** One series without labels, read at every scrape. */
export function readingOf(exposition: Exposition, name: MetricName, read: () => number): void {
  readingsOf(exposition, name, [{}], read);
}

/** A value that is added to, and that a scrape reads. */
export interface Counter {
  value: number;
}

/**
 * Counters of one name, for things that may come while the server runs.
 *
 * @returns makes one more series, at 0
 */
export function counterFamily(exposition: Exposition, name: MetricName): (labels: Labels) => Counter {
  const samples: Sample[] = [];
  exposition.add(name, () => samples);
  return (labels) => {
    const sample: Sample = { sharedLabels: labels, value: 0 };
    samples.push(sample);
    return sample;
  };
}

/**
 * Gauges of one name, read at every scrape, for things that may come while the server runs.
 *
 * @returns makes one more series; it is not there while its reading is null
 */
export function readingFamily(
  exposition: Exposition,
  name: MetricName,
): (labels: Labels, read: () => number | null) => void {
  const series: { readonly sample: Sample; readonly read: () => number | null }[] = [];
  exposition.add(name, () =>
    series.flatMap(({ sample, read }) => {
      const value = read();
      if (value === null) return [];
      sample.value = value;
      return [sample];
    }),
  );
  return (sharedLabels, read) => void series.push({ sample: { sharedLabels, value: 0 }, read });
}
