import { bucketStart } from "../../server/placement/periods.ts";
import { singleSegment } from "../../server/placement/topology.ts";
import { advise } from "../analysis/skew/advice.ts";
import type { LightDialogs } from "../analysis/skew/forecast.ts";
import { compileLayouts, hashKeys, shardsOf, type Layout } from "../analysis/skew/place-keys.ts";
import type { DialogCount } from "../analysis/skew/what-if.ts";
import type { Pairs } from "./pairs.ts";
import type { Tally } from "./tally.ts";
import type { WhatIf } from "../analysis/result/what-if.ts";

/**
 * What to do about these keys on today's layout. The heavy ones are looked at one by one, by name; all others are light
 * dialogs, placed anew for each layout that is weighed.
 *
 * @param pairs of today's placement when it goes by time and the input has times; then every key counts by time bucket
 */
export function adviceOf(target: number, counted: Tally, now: Layout, pairs: Pairs | null): WhatIf["advice"] {
  const topology = singleSegment({ labels: now.shards.map(({ label }) => label), placement: now.placement });
  const byTime = pairs?.table() ?? null;
  const counts: readonly DialogCount[] = byTime === null ? counted.top : byBucket(counted, pairs!);
  const heavy = hashKeys(counted.top);
  const known = new Map<string, Float64Array>();
  const light: LightDialogs = {
    dialogs: (byTime ?? counted.table).size() - counts.length,
    messages: counted.messages - counted.top.reduce((sum, { count }) => sum + count, 0),
    loads: ({ placement, shards }) => {
      const name = JSON.stringify([placement, shards]);
      let loads = known.get(name);
      if (loads === undefined) {
        const [layout] = compileLayouts([{ placement, shards }]);
        const isByTime = byTime !== null && layout!.placement.byTime;
        loads = new Float64Array(shards.length);
        for (const block of (isByTime ? byTime : counted.table).blocks()) {
          const indexes = shardsOf(layout!, block);
          for (let i = 0; i < block.size; i += 1) loads[indexes[i]!]! += block.counts[i]!;
        }
        if (isByTime) {
          for (const { dialog, count, id } of counts) loads[layout!.placement.place(dialog, id!)]! -= count;
        } else {
          const own = shardsOf(layout!, heavy);
          counted.top.forEach(({ count }, i) => (loads![own[i]!]! -= count));
        }
        known.set(name, loads);
      }
      return loads;
    },
  };
  return advise({ topology, counts, light, target });
}

/** The named keys by time bucket. */
function byBucket({ top }: Tally, pairs: Pairs): DialogCount[] {
  const counts: DialogCount[] = [];
  const names = new Map(top.map(({ index, dialog }) => [index, dialog]));
  pairs.forEach((index, bucket, count) => {
    const dialog = names.get(index);
    if (dialog !== undefined) counts.push({ dialog, count, id: bucketStart(pairs.bucketMs, bucket) });
  });
  return counts;
}
