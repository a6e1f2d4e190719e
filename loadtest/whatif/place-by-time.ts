import type { CompiledLayout, Layout, PlacedKeys } from "../analysis/skew/place-keys.ts";
import type { InputFaults } from "./input/input-faults.ts";
import type { Pairs } from "./pairs.ts";
import { placeOnThreads } from "./place-threads.ts";
import type { Tally } from "./tally.ts";

/** The pairs that each layout throws; null where it places by the key alone, or where there are no times to go by. */
export function byLayout(
  layouts: readonly CompiledLayout[],
  { pairs, span }: Tally,
  faults: InputFaults,
): (Pairs | null)[] {
  if (span === null) return layouts.map(() => null);
  if (pairs.some((one) => one.table() === null)) faults.add("TOO_MANY_PAIRS", 1, () => TOO_MANY, false);
  return layouts.map(({ placement }) => {
    const own = pairs.find(({ bucketMs }) => placement.byTime && bucketMs === placement.bucketMs);
    return own === undefined || own.table() === null ? null : own;
  });
}

const TOO_MANY =
  "more than 8 million pairs of key and time bucket: placements by time are asked for one moment; nothing else is lost";

/**
 * Places every key by every layout, and every pair of key and time bucket where a layout has them. What moves is told
 * of keys.
 *
 * @param pairsOf of each layout, as `byLayout`
 * @returns in the order of `layouts`
 */
export async function placeAll(
  { table }: Tally,
  layouts: readonly Layout[],
  today: Layout,
  pairsOf: readonly (Pairs | null)[],
): Promise<PlacedKeys[]> {
  const placed = await placeOnThreads(table.blocks(), layouts, today);
  for (const pairs of new Set(pairsOf)) {
    const own = layouts.filter((_, i) => pairs !== null && pairsOf[i] === pairs);
    const blocks = pairs?.table()?.blocks() ?? [];
    if (own.length === 0 || blocks.length === 0) continue;
    const byTime = await placeOnThreads(blocks, own, today);
    let at = 0;
    layouts.forEach((_, i) => {
      if (pairsOf[i] !== pairs) return;
      placed[i] = { ...placed[i]!, loads: byTime[at]!.loads };
      at += 1;
    });
  }
  return placed;
}
