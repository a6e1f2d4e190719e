import { createRandom } from "../traffic/random.ts";
import type { MinuteGroups } from "./minute-groups.ts";
import { quantileOf } from "./sampling.ts";
import { studentQuantile } from "./student.ts";
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
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** @param groups for `resample`; null when the minutes are no sample */
export function placeMinute(
  layouts: readonly Layout[],
  compiled: readonly CompiledLayout[],
  today: CompiledLayout,
  minute: { readonly startMs: number; readonly messages: number; readonly keys: HashedKeys },
  groups: MinuteGroups | null,
): PlacedMinute {
  const sums = emptyPlaced(layouts);
  placeKeys(compiled, minute.keys, labelsOfKeys(today, minute.keys), sums);
  groups?.add(oneAfterAnother(sums.map(({ loads }) => loads)));
  return {
    startMs: minute.startMs,
    messages: minute.messages,
    ratios: Float32Array.from(sums, ({ loads }) => ratioOf(loads)),
  };
}

function oneAfterAnother(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `maxOverMean`, without a copy: there may be tens of thousands of minutes. */
function ratioOf(loads: Float64Array): number {
  let most = 0;
  let total = 0;
  for (const load of loads) {
    most = Math.max(most, load);
    total += load;
  }
  return total > 0 ? (most * loads.length) / total : 1;
}

/**
 * The minute with the highest max/mean under one layout, of those that have at least half of the mean minute's messages: in
 * a nearly empty one a single message is a skew. `chance` is what the worst of them would be below without any hot key.
 *
 * @returns null without minutes
 */
export function worstMinute(
  minutes: readonly PlacedMinute[],
  layout: number,
  shards: number,
): { startMs: number; messages: number; maxOverMean: number; chance: number } | null {
  const enough = minutes.reduce((sum, { messages }) => sum + messages, 0) / minutes.length / 2;
  let worst: PlacedMinute | null = null;
  let looked = 0;
  for (const minute of minutes) {
    if (minute.messages < enough) continue;
    looked += 1;
    if (minute.ratios[layout]! > (worst?.ratios[layout] ?? 0)) worst = minute;
  }
  if (worst === null) return null;
  const { startMs, messages } = worst;
  return { startMs, messages, maxOverMean: worst.ratios[layout]!, chance: worstByChance(messages, shards, looked) };
}

/**
 * What max/mean of the worst of so many minutes stays below in 95 of 100 cases even if every message had a key of its own:
 * n · KL(q ‖ 1/N) = ln(minutes · N ÷ 0.05) for the largest share q (Chernoff's bound in the form of Hoeffding, J. Am. Stat.
 * Assoc. 58, 1963, theorem 1, added up over shards and minutes).
 */
function worstByChance(messages: number, shards: number, minutes: number): number {
  if (shards === 1) return 1;
  const fair = 1 / shards;
  const limit = Math.log((minutes * shards) / 0.05) / messages;
  let [low, high] = [fair, 1];
  for (let step = 0; step < 50; step += 1) {
    const q = (low + high) / 2;
    const divergence = q * Math.log(q / fair) + (1 - q) * Math.log((1 - q) / (1 - fair));
    if (divergence < limit) low = q;
    else high = q;
  }
  return high * shards;
}

const RESAMPLES = 400;
/** 97.5 % quantile of the normal distribution. */
const Z = 1.96;

/**
 * Max/mean by layout when the minutes are a random sample of all, by a bootstrap over minutes or groups of them (Davison & Hinkley 1997, 5.2),
 * which keeps what belongs together, the messages of one moment. The largest of several noisy shares is too large on
 * average; what the resamples show of that is taken off the estimate. The interval covers the basic and the percentile
 * bootstrap's, of which neither alone holds the truth in 95 % of the cases when several shards are nearly the fullest.
 * Few minutes hardly differ from themselves drawn again: it is widened by √(n ÷ (n − 1)) and as Student's t is wider than
 * the normal distribution, and one minute alone tells nothing.
 *
 * @param groups of `createMinuteGroups`, at least one
 * @returns in the order of `sizes`
 */
export function resample(
  groups: readonly Float64Array[],
  sizes: readonly number[],
): (Interval & { estimate: number })[] {
  const random = createRandom(23, groups.length);
  const width = sizes.reduce((sum, size) => sum + size, 0);
  const ratios = sizes.map(() => new Float64Array(RESAMPLES));
  const seen = ratiosOf(sumOf(groups, width), sizes);
  const widening = wideningOf(groups.length);
  for (let trial = 0; trial < RESAMPLES; trial += 1) {
    const drawn = groups.map(() => groups[random.below(groups.length)]!);
    ratiosOf(sumOf(drawn, width), sizes).forEach((ratio, l) => (ratios[l]![trial] = ratio));
  }
  return ratios.map((values, l) => {
    values.sort();
    const bias = values.reduce((sum, value) => sum + value, 0) / RESAMPLES - seen[l]!;
    const [least, most] = [quantileOf(values, 0.025), quantileOf(values, 0.975)];
    const bounded = (ratio: number): number => Math.max(1, Math.min(sizes[l]!, ratio));
    if (widening === null) return { estimate: seen[l]!, low: 1, high: sizes[l]! };
    const reach = widening * Math.max(most - seen[l]!, seen[l]! - least);
    return { estimate: bounded(seen[l]! - bias), low: bounded(seen[l]! - reach), high: bounded(seen[l]! + reach) };
  });
}

/** Of an interval from a bootstrap over n minutes or groups; null when there is none. */
function wideningOf(n: number): number | null {
  return n < 2 ? null : (studentQuantile(0.025, n - 1) / Z) * Math.sqrt(n / (n - 1));
}

function sumOf(groups: readonly Float64Array[], width: number): Float64Array {
  const sum = new Float64Array(width);
  for (const loads of groups) for (let i = 0; i < width; i += 1) sum[i]! += loads[i]!;
  return sum;
}

function ratiosOf(loads: Float64Array, sizes: readonly number[]): number[] {
  let from = 0;
  return sizes.map((size) => {
    const ratio = ratioOf(loads.subarray(from, from + size));
    from += size;
    return ratio;
  });
}
