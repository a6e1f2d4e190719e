import type { Random } from "../../stats/sampling.ts";

/** No generator sends so many in a second, and memory holds the messages of one moment. */
export const MOST_AT_ONCE = 1_000_000;

/** Takes messages in the order of their times, and gives each the moment at which it is sent. */
export interface Moments {
  /**
   * @param at ms from the start of the replay, not before that of the last call
   * @param isWhole whether the trace's own time is a whole second
   * @returns whether they were taken: not when the moment would have more than `MOST_AT_ONCE`
   */
  add(index: number, count: number, at: number, isWhole: boolean): boolean;
  /** Nothing more will come. */
  end(): void;
}

/**
 * Many systems keep times in whole seconds. Sent as they stand, a second's messages would be one burst that never was:
 * as long as a trace has whole seconds only, those of one second are spread over it at random, as the arrivals of a
 * Poisson process are when their number is known.
 *
 * @param secondMs how long a second of the trace lasts in the replay
 * @param endMs no moment is later
 * @param take the messages with their moments, ms, ascending
 */
export function createMoments(
  { secondMs, endMs, random }: { readonly secondMs: number; readonly endMs: number; readonly random: Random },
  take: (index: number, at: number) => void,
): Moments {
  let areWhole = true;
  let second = 0;
  let held: number[] = [];

  function end(): void {
    const width = areWhole && held.length > 1 ? Math.min(secondMs, endMs - second) : 0;
    const offsets = Float64Array.from(held, () => random() * width).sort();
    held.forEach((index, i) => take(index, second + offsets[i]!));
    held = [];
  }

  return {
    add(index, count, at, isWhole) {
      areWhole &&= isWhole;
      if (at > second) end();
      second = at;
      if (held.length + count > MOST_AT_ONCE) return false;
      for (let n = 0; n < count; n += 1) held.push(index);
      return true;
    },
    end,
  };
}
