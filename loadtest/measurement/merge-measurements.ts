import { sum } from "d3-array";
import { mergeBalances } from "./delivery-balance.ts";
import { mergeFailures } from "./failed-messages.ts";
import { addGapBins } from "./gap-bins.ts";
import { mergeHistograms } from "./histogram.ts";
import type { Measurement, ShardMeasurement } from "./measurement.ts";
import { messageCounts } from "./message-counts.ts";
import { mergeRehearsed } from "./rehearsed.ts";
import { mergeSlices } from "./slice-keeper.ts";

/**
 * The measurement of a run that several generators made: counts, set sums and histograms add up exactly. Of their CPU
 * that of the busiest is kept, since it is the one that may have been the bottleneck.
 *
 * @param parts at least one
 * @param lost generators that are not among them, one sentence each
 */
export function mergeMeasurements(parts: readonly Measurement[], lost: readonly string[]): Measurement {
  const [first] = parts;
  if (first === undefined) throw new RangeError("no measurement to merge");
  const generators = parts.map(({ generator }) => generator);
  const unwritten = generators.flatMap((generator) => generator.unwritten ?? []);
  const cuts = parts.flatMap(({ cutAtS }) => cutAtS ?? []);
  return {
    driver: first.driver,
    startedAt: first.startedAt,
    interrupted: parts.some(({ interrupted }) => interrupted),
    ...(cuts.length > 0 && { cutAtS: Math.max(...cuts) }),
    ...messageCounts((name) => sum(parts, (part) => part[name])),
    late: sum(parts, ({ late }) => late),
    failed: mergeFailures(parts.map(({ failed }) => failed)),
    balance: mergeBalances(parts.map(({ balance }) => balance)),
    absences: parts.flatMap(({ absences }) => absences),
    ...mergeRehearsed(parts.map(({ rehearsed }) => rehearsed)),
    errors: addUp(parts.map(({ errors }) => errors)),
    shards: mergeShards(parts),
    slices: mergeSlices(parts.map(({ slices }) => slices)),
    generator: {
      sendLag: mergeHistograms(generators.map(({ sendLag }) => sendLag)),
      handlerLag: mergeHistograms(generators.map(({ handlerLag }) => handlerLag)),
      floor: mergeHistograms(generators.flatMap(({ floor }) => floor ?? [])),
      cpu: Math.max(...generators.map(({ cpu }) => cpu)),
      clockJumpMs: Math.max(...generators.map(({ clockJumpMs = 0 }) => clockJumpMs)),
      gaps: addGapBins(generators.map(({ gaps = [] }) => gaps)),
      processes: parts.length + lost.length,
      lost,
      ...(unwritten.length > 0 && { unwritten }),
    },
  };
}

function mergeShards(parts: readonly Measurement[]): Record<string, ShardMeasurement> {
  const labels = new Set(parts.flatMap(({ shards }) => Object.keys(shards)));
  const rows = [...labels].map((label) => {
    const same = parts.flatMap(({ shards }) => shards[label] ?? []);
    return [label, mergeShard(same)] as const;
  });
  return Object.fromEntries(rows);
}

function mergeShard(parts: readonly ShardMeasurement[]): ShardMeasurement {
  return {
    acked: sum(parts, ({ acked }) => acked),
    offline: sum(parts, ({ offline }) => offline),
    // Whole numbers below 2^53: the order of adding does not matter.
    sum: sum(parts, (part) => part.sum),
    bytes: sum(parts, ({ bytes }) => bytes),
    delivery: mergeHistograms(parts.map(({ delivery }) => delivery)),
    service: mergeHistograms(parts.map(({ service }) => service)),
    innocent: mergeHistograms(parts.map(({ innocent }) => innocent)),
    commit: mergeHistograms(parts.map(({ commit }) => commit)),
  };
}

/** Sums by name over records that need not have the same names. */
export function addUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
