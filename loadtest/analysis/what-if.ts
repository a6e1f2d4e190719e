import type { Placement, WeightedShard } from "../../server/placement/contract.ts";
import { parsePlacement, PLACEMENTS } from "../../server/placement/registry.ts";
import type { Result } from "../report/result.ts";
import { createRandom } from "../traffic/random.ts";
import { SOME_MOMENT } from "./moment.ts";
import { maxOverMean } from "../../server/placement/skew.ts";

export interface DialogCount {
  readonly dialog: string;
  /** Messages, > 0. */
  readonly count: number;
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
/** Always placed one by one; each may decide max/mean. */
const HEAVIEST = 2_000;
/** Of the others at most so many are placed: bounds the time at about a second. */
const SAMPLE = 18_000;

/** Labels as `hotshard serve` makes them. */
const shardsOf = (n: number): WeightedShard[] =>
  Array.from({ length: n }, (_, i) => ({ label: String(i).padStart(2, "0"), weight: 1 }));

interface Keys {
  readonly heavy: readonly DialogCount[];
  readonly light: readonly DialogCount[];
  /** Messages of all light dialogs, also of those left out of the sample. */
  readonly lightTotal: number;
  /** Σ shares² of the light dialogs, in the sample and in truth: what chance adds to the variance of a shard's share. */
  readonly sampleNoise: number;
  readonly trueNoise: number;
}

function noise(dialogs: readonly DialogCount[]): { total: number; noise: number } {
  let total = 0;
  let squares = 0;
  for (const { count } of dialogs) {
    total += count;
    squares += count * count;
  }
  return { total, noise: total > 0 ? squares / (total * total) : 0 };
}

/** The heaviest dialogs, and a sample (without replacement, seeded) of the rest. */
function keysOf(dialogs: readonly DialogCount[]): Keys {
  const ranked = [...dialogs].sort((a, b) => b.count - a.count);
  const heavy = ranked.slice(0, HEAVIEST);
  const rest = ranked.slice(HEAVIEST);
  const all = noise(rest);
  const random = createRandom(17, 0);
  const size = Math.min(SAMPLE, rest.length);
  for (let i = 0; i < size && size < rest.length; i += 1) {
    const j = i + random.below(rest.length - i);
    const swapped = rest[i]!;
    rest[i] = rest[j]!;
    rest[j] = swapped;
  }
  const light = rest.slice(0, size);
  return { heavy, light, lightTotal: all.total, sampleNoise: noise(light).noise, trueNoise: all.noise };
}

/**
 * Loads of the light dialogs. A sample of n keys lies further from even than all keys do, by chance alone, so its
 * deviations are scaled: the part beyond chance stays, the part of chance is set to what all keys would show.
 */
function lightLoads(sample: Float64Array, keys: Keys): number[] {
  const total = sample.reduce((a, b) => a + b, 0);
  const n = sample.length;
  if (total === 0) return [...sample];
  const deviations = [...sample].map((load) => load / total - 1 / n);
  const spread = deviations.reduce((rest, deviation) => rest + deviation ** 2, 0);
  const beyond = Math.max(0, spread - (1 - 1 / n) * keys.sampleNoise);
  const scale = spread > 0 ? Math.sqrt((beyond + (1 - 1 / n) * keys.trueNoise) / spread) : 0;
  return deviations.map((deviation) => keys.lightTotal * Math.max(0, 1 / n + Math.min(1, scale) * deviation));
}

/**
 * Places the dialogs just seen by every placement on 2 to 64 shards (and on today's number), without pins and splits.
 * Up to 20,000 dialogs the answer is exact; beyond, the heaviest 2,000 are and the rest is inferred from a sample.
 */
export function whatIf(dialogs: readonly DialogCount[], today: Today): Result["whatIf"] {
  const keys = keysOf(dialogs);
  const placed = [...keys.heavy, ...keys.light];
  const now = placed.map(({ dialog }) => today.label(dialog));
  const names = [...new Set([today.placement, ...Object.keys(PLACEMENTS)])];
  const sizes = [...new Set([...SIZES, today.shards])].sort((a, b) => a - b);
  const movedWeight = keys.light.length > 0 ? (dialogs.length - keys.heavy.length) / keys.light.length : 0;
  const row = (name: string, size: number): Result["whatIf"]["rows"][number] => {
    const shards = shardsOf(size);
    const { entry, options } = parsePlacement(name);
    const placement: Placement = entry.make(shards, options);
    const heavy = new Float64Array(size);
    const light = new Float64Array(size);
    let moved = 0;
    placed.forEach(({ dialog, count }, i) => {
      const shard = placement.place(dialog, SOME_MOMENT);
      const isHeavy = i < keys.heavy.length;
      const loads = isHeavy ? heavy : light;
      loads[shard]! += count;
      if (shards[shard]!.label !== now[i]) moved += isHeavy ? 1 : movedWeight;
    });
    const ratio = maxOverMean(lightLoads(light, keys).map((load, shard) => load + heavy[shard]!));
    return {
      placement: name,
      shards: size,
      maxOverMean: ratio,
      effectiveShards: size / ratio,
      movedFromToday: dialogs.length > 0 ? moved / dialogs.length : 0,
    };
  };
  return {
    dialogs: dialogs.length,
    sampled: placed.length,
    rows: dialogs.length === 0 ? [] : names.flatMap((name) => sizes.map((size) => row(name, size))),
  };
}
