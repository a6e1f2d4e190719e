import { maxOverMean } from "../../../server/statistics/skew.ts";
import { PLACEMENTS } from "../../../server/placement/registry.ts";
import type { Result } from "../result/result.ts";
import { SOME_MOMENT } from "./moment.ts";
import {
  compileLayouts,
  emptyPlaced,
  equalShards,
  hashKeys,
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
 * Every placement on every number of shards, today's among them.
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
  const counts = [...new Set([...sizes, today.shards])].sort((a, b) => a - b);
  return names.flatMap((placement) => counts.map((count) => ({ placement, shards: equalShards(count) })));
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
  const layouts = dialogs.length === 0 ? [] : candidates(today);
  const compiled = compileLayouts(layouts);
  const placed = emptyPlaced(layouts);
  const now = Uint16Array.from(dialogs, ({ dialog }) => Number(today.label(dialog)));
  placeKeys(compiled, hashKeys(dialogs), now, placed);
  const rows = layouts.map(({ placement, shards }, i) => {
    const { loads, moved } = placed[i]!;
    const byTime = counts === dialogs ? null : loadsByTime(compiled[i]!, counts);
    const ratio = maxOverMean(byTime ?? [...loads]);
    return {
      placement,
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
