import { estimateNoise } from "../statistics/noise-estimate.ts";
import { effectiveShards, gini, maxOverMean, variationCoefficient } from "../statistics/skew.ts";
import { createKeyHash } from "./key-space.ts";
import { createDialogCounts, type DialogCounts } from "./dialog-counts.ts";

/** Skew of one closed window over the shards of this server. */
export interface WindowSkew {
  readonly messages: number;
  /** Messages of each shard. */
  readonly shards: readonly number[];
  /** Distinct dialogs. */
  readonly dialogs: number;
  readonly maxOverMean: number;
  readonly cv: number;
  readonly gini: number;
  readonly effectiveShards: number;
  readonly noiseFloor: number;
}

/** Counts messages by shard and by dialog, one window after the other. */
export interface TrafficWindow {
  /** @param shard its label. @returns the dialog's hash, 32 bits */
  add(shard: string, dialog: string): number;
  /** Ends the window and begins the next. Its dialogs are told to `observe` in later turns of the loop. */
  close(): WindowSkew;
}

/** Dialogs of a window that are counted one by one: a few megabytes. */
const MOST_DIALOGS = 20_000;
/** Dialogs told in one turn of the loop: a third of a millisecond. */
const SLICE = 2_000;

/**
 * @param writable labels of the shards that messages may go to; others count where they got some
 * @param observe takes the messages of a dialog, and how many dialogs have so many
 * @param soon runs in a later turn of the loop
 */
export function createTrafficWindow(
  writable: () => readonly string[],
  observe: (messages: number, dialogs: number) => void,
  soon: (run: () => void) => void = setImmediate,
): TrafficWindow {
  const hashOf = createKeyHash();
  let dialogs = createDialogCounts(MOST_DIALOGS, hashOf);
  let loads = new Map<string, number>();

  function tell(counts: Iterator<number>, weight: number): void {
    for (let told = 0; told < SLICE; told++) {
      const next = counts.next();
      if (next.done === true) return;
      observe(next.value, weight);
    }
    soon(() => tell(counts, weight));
  }

  return {
    add(shard, dialog) {
      loads.set(shard, (loads.get(shard) ?? 0) + 1);
      return dialogs.add(dialog);
    },
    close() {
      const ended = skewOf(loadsOf(writable(), loads), dialogs);
      tell(dialogs.counts(), dialogs.weight());
      dialogs = createDialogCounts(MOST_DIALOGS, hashOf);
      loads = new Map();
      return ended;
    },
  };
}

function loadsOf(writable: readonly string[], loads: ReadonlyMap<string, number>): number[] {
  const labels = new Set([...writable, ...loads.keys()]);
  return [...labels].map((label) => loads.get(label) ?? 0);
}

function skewOf(loads: readonly number[], counted: DialogCounts): WindowSkew {
  const dialogs = counted.distinct();
  return {
    messages: loads.reduce((sum, load) => sum + load, 0),
    shards: loads,
    dialogs,
    maxOverMean: maxOverMean(loads),
    cv: variationCoefficient(loads),
    gini: gini(loads),
    effectiveShards: effectiveShards(loads),
    noiseFloor: estimateNoise(dialogs, loads.length),
  };
}
