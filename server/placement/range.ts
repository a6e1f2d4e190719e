import { dialogNumber } from "./dialog.ts";
import { listOption, optionFaults, rejectFaults, shardFaults, weightFaults } from "./faults.ts";
import type { OptionTable } from "./faults.ts";
import type { PlacementFactory } from "./contract.ts";

export const RANGE_OPTIONS: OptionTable = {
  at: { about: "first number of each range but the first", min: 1, max: Number.MAX_SAFE_INTEGER, list: "/" },
};

/**
 * Ranges of the dialog's number (`dialogNumber`): its lower user id, or its group's id. `range:at=1000/2000` puts
 * numbers up to 999 on the first shard, 1000 to 1999 on the second, and all others on the third.
 *
 * Nothing is hashed, so the boundaries decide how even it is. Ids grow: what is new falls into the last range, whose
 * shard burns until a segment with other boundaries is appended. One with a further shard and a boundary above the
 * newest id moves nothing. Two equal boundaries leave the range between them empty. O(log shards) a call.
 *
 * @param shards of equal weight: the boundaries are the weights; one more of them than boundaries
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const range: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [
    ...shardFaults(shards),
    ...weightFaults("range", shards),
    ...optionFaults("range", options, RANGE_OPTIONS),
    ...countFaults(shards.length, listOption("at", options, RANGE_OPTIONS).length),
  ]);
  const at = Float64Array.from(listOption("at", options, RANGE_OPTIONS));
  const rangeOf = (number: number): number => {
    let from = 0;
    let until = at.length;
    while (from < until) {
      const middle = (from + until) >>> 1;
      if ((at[middle] ?? 0) <= number) from = middle + 1;
      else until = middle;
    }
    return from;
  };
  return {
    name: "range",
    byTime: false,
    byNumber: true,
    bucketMs: 0,
    seed: () => 0,
    placeWords: (high, low) => rangeOf(high * 2 ** 32 + low),
    place: (dialog) => rangeOf(dialogNumber(dialog)),
  };
};

/** How many shards these options are for. */
export const rangeShards = (options: Readonly<Record<string, string>>): number =>
  listOption("at", options, RANGE_OPTIONS).length + 1;

/**
 * The placement whose ranges hold equally many of these numbers, as far as equal numbers allow.
 *
 * @param numbers ascending, at least one
 * @param shards at least 1
 * @returns `range:at=…`; `range` for one shard
 */
export function evenRanges(numbers: Float64Array, shards: number): string {
  return inText(
    Array.from({ length: shards - 1 }, (_, i) => numbers[Math.floor((numbers.length * (i + 1)) / shards)]!),
  );
}

/**
 * The placement once other shards have the ranges. What one that leaves had goes to the shard before it, or the first
 * one's to the second; one that joins has an empty range until its boundaries are edited, so nothing moves.
 *
 * @param before labels of the shards, in the order of the ranges
 * @param after the same, later
 */
export function refitRanges(
  options: Readonly<Record<string, string>>,
  before: readonly string[],
  after: readonly string[],
): string {
  const starts = new Map([1, ...listOption("at", options, RANGE_OPTIONS)].map((start, i) => [before[i], start]));
  let next = Number.MAX_SAFE_INTEGER;
  const at = after.toReversed().map((label) => (next = starts.get(label) ?? next));
  return inText(at.toReversed().slice(1));
}

const inText = (at: readonly number[]): string => (at.length === 0 ? "range" : `range:at=${at.join("/")}`);

function countFaults(shards: number, given: number): string[] {
  const needed = shards - 1;
  if (shards === 0 || given === needed) return [];
  if (needed === 0) return [`range over 1 shard has no boundaries, and these are ${given}`];
  const example = Array.from({ length: Math.min(needed, 3) }, (_, i) => `${i + 1}000`).join("/");
  const cut = needed > 3 ? "/…" : "";
  const many = `${needed} ${needed === 1 ? "boundary" : "boundaries"}`;
  return [
    `range over ${shards} shards needs ${many}, and has ${given === 0 ? "none" : given}: range:at=${example}${cut}`,
  ];
}
