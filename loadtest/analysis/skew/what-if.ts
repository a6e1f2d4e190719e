import { maxOverMean } from "../../../server/statistics/skew.ts";
import { evenRanges } from "../../../server/placement/range.ts";
import { parsePlacement, PLACEMENTS } from "../../../server/placement/registry.ts";
import type { Result } from "../result/result.ts";
import { SOME_MOMENT } from "./moment.ts";
import {
  compileLayouts,
  emptyPlaced,
  equalShards,
  hashKeys,
  numbersOf,
  placeKeys,
  type CompiledLayout,
  type Layout,
} from "./place-keys.ts";

export interface DialogCount {
  readonly dialog: string;
  /** Messages, > 0. */
  readonly count: number;
  /** Of a placement by time: any message id of the bucket in which they were written; absent: of one moment. */
  readonly id?: bigint;
}

/** Where dialogs live now. */
export interface Today {
  /** Placement with its options. */
  readonly placement: string;
  readonly shards: number;
  /** Label of the shard that holds the dialog. */
  readonly label: (dialog: string) => string;
}

const SIZES = [2, 4, 8, 16, 32, 64] as const;

/**
 * Every placement on every number of shards, today's among them; one whose options are for some number, on that.
 *
 * @param today placement with its options, and shards
 * @param more further placements, e.g. `ring:virtualNodes=1`
 * @param sizes numbers of shards
 */
export function candidates(
  today: { readonly placement: string; readonly shards: number },
  more: readonly string[] = [],
  sizes: readonly number[] = SIZES,
): Layout[] {
  const names = [...new Set([today.placement, ...Object.keys(PLACEMENTS), ...more])];
  const own = more.flatMap((placement) => shardsFor(placement) ?? []).filter((count) => count > 1);
  const counts = [...new Set([...sizes, today.shards, ...own])].sort((a, b) => a - b);
  return names.flatMap((placement) => {
    const only = shardsFor(placement);
    const fitting = only === undefined ? counts : counts.filter((count) => count === only);
    return fitting.map((count) => ({ placement, shards: equalShards(count) }));
  });
}

function shardsFor(placement: string): number | undefined {
  const { entry, options } = parsePlacement(placement);
  return entry.shardsFor?.(options);
}

/**
 * `range` on as many shards as the other layouts, as it is found once ids have grown: its boundaries gave equal shares
 * of the half of the keys with the lower numbers, and now there is the other half too.
 *
 * @param numbers of the keys, ascending; none: no key can be placed by its number, and there are no such layouts
 */
export function outgrownRanges(numbers: Float64Array, others: readonly Layout[]): Layout[] {
  if (numbers.length === 0) return [];
  const before = numbers.subarray(0, Math.ceil(numbers.length / 2));
  const counts = new Set(others.map(({ shards }) => shards.length).filter((count) => count > 1));
  return [...counts]
    .sort((a, b) => a - b)
    .map((count) => ({ name: "range", placement: evenRanges(before, count), shards: equalShards(count) }));
}

/**
 * Places the dialogs just seen by every placement on 2 to 64 shards (and on today's number), without pins and splits.
 *
 * @param counts the same by time bucket, for placements by time; absent: they are asked for one moment
 */
export function whatIf(
  dialogs: readonly DialogCount[],
  today: Today,
  counts: readonly DialogCount[] = dialogs,
): Result["whatIf"] {
  const keys = hashKeys(dialogs);
  const known = dialogs.length === 0 ? [] : candidates(today);
  const layouts = [...known, ...outgrownRanges(numbersOf([keys]), known)];
  const compiled = compileLayouts(layouts);
  const placed = emptyPlaced(layouts);
  const now = Uint16Array.from(dialogs, ({ dialog }) => Number(today.label(dialog)));
  placeKeys(compiled, keys, now, placed);
  const rows = layouts.map(({ placement, name = placement, shards }, i) => {
    const { loads, moved } = placed[i]!;
    const byTime = counts === dialogs ? null : loadsByTime(compiled[i]!, counts);
    const ratio = maxOverMean(byTime ?? [...loads]);
    return {
      placement: name,
      shards: shards.length,
      maxOverMean: ratio,
      effectiveShards: shards.length / ratio,
      movedFromToday: moved / dialogs.length,
    };
  });
  return { dialogs: dialogs.length, sampled: dialogs.length, rows };
}

/** Messages of each shard; null unless the placement goes by time. */
function loadsByTime({ placement, labels }: CompiledLayout, counts: readonly DialogCount[]): number[] | null {
  if (!placement.byTime) return null;
  const loads = Array.from(labels, () => 0);
  for (const { dialog, count, id = SOME_MOMENT } of counts) loads[placement.place(dialog, id)]! += count;
  return loads;
}
