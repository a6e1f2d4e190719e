import { mergeHistograms, quantileOf, type Histogram } from "./histogram.ts";
import type { ShardTotal } from "./shard-total.ts";

/** p99's of the measured phase so far, milliseconds. */
export interface P99SoFar {
  readonly sendLag: number;
  readonly delivery: number;
}

/** @returns nothing while nothing was delivered in the measured phase */
export function p99SoFar(sendLag: Histogram, shards: readonly ShardTotal[]): { readonly p99Ms?: P99SoFar } {
  const delivery = mergeHistograms(shards.map((shard) => shard.delivery.toData()));
  if (delivery.count === 0) return {};
  return { p99Ms: { sendLag: quantileOf(sendLag.toData(), 0.99), delivery: quantileOf(delivery, 0.99) } };
}
