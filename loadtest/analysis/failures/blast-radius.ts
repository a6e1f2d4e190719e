import { mergeHistograms, quantileOf } from "../../measurement/histogram.ts";
import type { ShardMeasurement } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";

type ShardWaits = Pick<Result["shards"][number], "label" | "offered"> & Pick<ShardMeasurement, "innocent">;

/** A p99 of fewer samples is their maximum. */
const LEAST_SAMPLES = 100;
/** What the clocks can tell: below it a ratio says nothing. */
const LEAST_MS = 0.001;

/**
 * What the neighbours of a hot dialog pay: p99 of the delivery of innocent dialogs on the most loaded shard over that
 * of innocent dialogs on all others together.
 *
 * @param hotStory whether the story makes anything hot; without one there is nobody to blame
 * @returns null without a hot story, with one shard, or with fewer than 100 samples on either side
 */
export function blastRadius(shards: readonly ShardWaits[], hotStory: boolean): Result["blastRadius"] {
  const [first, ...others] = shards;
  if (!hotStory || first === undefined || others.length === 0) return null;
  const hot = others.reduce((most, shard) => (shard.offered > most.offered ? shard : most), first);
  const elsewhere = mergeHistograms(shards.filter((shard) => shard !== hot).map(({ innocent }) => innocent));
  if (hot.innocent.count < LEAST_SAMPLES || elsewhere.count < LEAST_SAMPLES) return null;
  const hotMs = quantileOf(hot.innocent, 0.99);
  const elsewhereMs = quantileOf(elsewhere, 0.99);
  return { p99: hotMs / Math.max(elsewhereMs, LEAST_MS), hotMs, elsewhereMs, shard: hot.label };
}
