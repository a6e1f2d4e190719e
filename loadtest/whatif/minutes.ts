import { maxOverMean } from "../../server/statistics/skew.ts";
import {
  emptyPlaced,
  labelsOfKeys,
  placeKeys,
  type CompiledLayout,
  type HashedKeys,
  type Layout,
} from "../analysis/skew/place-keys.ts";

/** What every layout makes of one minute. */
export interface PlacedMinute {
  readonly startMs: number;
  readonly messages: number;
  /** Max/mean by layout. */
  readonly ratios: Float32Array;
}

export function placeMinute(
  layouts: readonly Layout[],
  compiled: readonly CompiledLayout[],
  today: CompiledLayout,
  minute: { readonly startMs: number; readonly messages: number; readonly keys: HashedKeys },
): PlacedMinute {
  const sums = emptyPlaced(layouts);
  placeKeys(compiled, minute.keys, labelsOfKeys(today, minute.keys), sums);
  return {
    startMs: minute.startMs,
    messages: minute.messages,
    ratios: Float32Array.from(sums, ({ loads }) => maxOverMean(loads)),
  };
}

/**
 * The minute with the highest max/mean under one layout, of those that have at least half of the mean minute's
 * messages: in a nearly empty one a single message is a skew. `chance` is what the worst of them would be below without
 * any hot key.
 *
 * @returns null without minutes, and for a layout that was made after them
 */
export function worstMinute(
  minutes: readonly PlacedMinute[],
  layout: number,
  shards: number,
): { startMs: number; messages: number; maxOverMean: number; chance: number } | null {
  if (minutes.some(({ ratios }) => layout >= ratios.length)) return null;
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
 * What max/mean of the worst of so many minutes stays below in 95 of 100 cases even if every message had a key of its
 * own: n · KL(q ‖ 1/N) = ln(minutes · N ÷ 0.05) for the largest share q (Chernoff's bound in the form of Hoeffding, J.
 * Am. Stat. Assoc. 58, 1963, theorem 1, added up over shards and minutes).
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
