import { maxOverMean } from "../../server/placement/skew.ts";
import { createRandom } from "../traffic/random.ts";
import { quantileOf } from "./sampling.ts";
import {
  emptyPlaced,
  labelsOfKeys,
  placeKeys,
  type CompiledLayout,
  type HashedKeys,
  type Layout,
} from "./place-keys.ts";

/** What every layout makes of one minute. */
export interface PlacedMinute {
  readonly startMs: number;
  readonly messages: number;
  /** Max/mean by layout. */
  readonly ratios: Float32Array;
  /** Messages by shard, layout after layout; null unless they are to be resampled. */
  readonly loads: Float64Array | null;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** @param keepLoads for `resample`; costs some kilobytes a minute */
export function placeMinute(
  layouts: readonly Layout[],
  compiled: readonly CompiledLayout[],
  today: CompiledLayout,
  minute: { readonly startMs: number; readonly messages: number; readonly keys: HashedKeys },
  keepLoads: boolean,
): PlacedMinute {
  const sums = emptyPlaced(layouts);
  placeKeys(compiled, minute.keys, labelsOfKeys(today, minute.keys), sums);
  return {
    startMs: minute.startMs,
    messages: minute.messages,
    ratios: Float32Array.from(sums, ({ loads }) => maxOverMean([...loads])),
    loads: keepLoads ? Float64Array.from(sums.flatMap(({ loads }) => [...loads])) : null,
  };
}

/**
 * The minute with the highest max/mean under one layout, of those that have at least half of the mean minute's messages: in
 * a nearly empty one a single message is a skew.
 *
 * @returns null without minutes
 */
export function worstMinute(
  minutes: readonly PlacedMinute[],
  layout: number,
): { startMs: number; messages: number; maxOverMean: number } | null {
  const enough = minutes.reduce((sum, { messages }) => sum + messages, 0) / minutes.length / 2;
  let worst: PlacedMinute | null = null;
  for (const minute of minutes) {
    if (minute.messages >= enough && minute.ratios[layout]! > (worst?.ratios[layout] ?? 0)) worst = minute;
  }
  if (worst === null) return null;
  return { startMs: worst.startMs, messages: worst.messages, maxOverMean: worst.ratios[layout]! };
}

const RESAMPLES = 400;

/**
 * Max/mean by layout when the minutes are a random sample of all, by a bootstrap over minutes (Davison & Hinkley 1997, 5.2),
 * which keeps what belongs together, the messages of one moment. The largest of several noisy shares is too large on
 * average; what the resamples show of that is taken off the estimate. The interval covers the basic and the percentile
 * bootstrap's, of which neither alone holds the truth in 95 % of the cases when several shards are nearly the fullest.
 *
 * @param minutes with their loads, at least one
 * @returns in the order of `sizes`
 */
export function resample(
  minutes: readonly PlacedMinute[],
  sizes: readonly number[],
): (Interval & { estimate: number })[] {
  const random = createRandom(23, minutes.length);
  const width = sizes.reduce((sum, size) => sum + size, 0);
  const ratios = sizes.map(() => new Float64Array(RESAMPLES));
  const seen = ratiosOf(sumOf(minutes, width), sizes);
  for (let trial = 0; trial < RESAMPLES; trial += 1) {
    const drawn = minutes.map(() => minutes[random.below(minutes.length)]!);
    ratiosOf(sumOf(drawn, width), sizes).forEach((ratio, l) => (ratios[l]![trial] = ratio));
  }
  return ratios.map((values, l) => {
    values.sort();
    const bias = values.reduce((sum, value) => sum + value, 0) / RESAMPLES - seen[l]!;
    const [least, most] = [quantileOf(values, 0.025), quantileOf(values, 0.975)];
    const bounded = (ratio: number): number => Math.max(1, Math.min(sizes[l]!, ratio));
    return {
      estimate: bounded(seen[l]! - bias),
      low: bounded(Math.min(2 * seen[l]! - most, least)),
      high: bounded(Math.max(2 * seen[l]! - least, most)),
    };
  });
}

function sumOf(minutes: readonly PlacedMinute[], width: number): Float64Array {
  const sum = new Float64Array(width);
  for (const { loads } of minutes) loads?.forEach((load, i) => (sum[i]! += load));
  return sum;
}

function ratiosOf(loads: Float64Array, sizes: readonly number[]): number[] {
  let from = 0;
  return sizes.map((size) => {
    const ratio = maxOverMean([...loads.subarray(from, from + size)]);
    from += size;
    return ratio;
  });
}
