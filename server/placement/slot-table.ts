import { shardFaults } from "./faults.ts";
import { hashText, mix32 } from "./hash.ts";
import { contender, weightedScore } from "./rendezvous.ts";
import type { WeightedShard } from "./contract.ts";

/** Slots of the table; a power of two. */
const SLOTS = 4096;

/** Tables that are kept: making one for 64 shards takes a tenth of a second, and several placements share it. */
const KEPT = 32;

const words = new Uint32Array(4);
const made = new Map<string, Uint16Array>();

/**
 * @param seed unsigned 32 bits; each is a hash function of its own
 * @returns 0 to `SLOTS` − 1
 */
export function slotOf(text: string, seed: number): number {
  hashText(text, seed, words);
  return slotOfHash(words[0] ?? 0);
}

/** @param high first 32 bits of a hash */
export function slotOfHash(high: number): number {
  return high & (SLOTS - 1);
}

/** Everything wrong with shards that a slot table is to be made of, in words. */
export function slotFaults(shards: readonly WeightedShard[]): string[] {
  const faults = shardFaults(shards);
  return shards.length > SLOTS ? [...faults, `${shards.length} shards are too many for ${SLOTS} slots`] : faults;
}

/**
 * Who owns each slot: a pure function of labels and weights, whatever their order.
 *
 * The shards join one after the other by label. The newcomer takes from every earlier shard what that one holds above
 * its new quota, and of its slots those that weighted rendezvous hashing would give away first. So the last to join
 * moves its own share and nothing else. The table stays close to rendezvous, which knows no order: when any other of
 * N equal shards leaves, further slots move, at most 1.7 % of all for N up to 8 and 3.4 % up to 20, but a fifth at 64.
 *
 * @returns index into `shards` for each slot; shared, so not to be written to
 */
export function slotTable(shards: readonly WeightedShard[]): Uint16Array {
  const name = shards.map(({ label, weight }) => `${label}:${weight}`).join(" ");
  let table = made.get(name);
  if (table === undefined) {
    table = makeTable(shards);
    if (made.size === KEPT) made.clear();
    made.set(name, table);
  }
  return table;
}

function makeTable(shards: readonly WeightedShard[]): Uint16Array {
  const joining = shards.map((shard, index) => ({ ...shard, index })).sort((a, b) => compareLabels(a.label, b.label));
  const owner = new Uint16Array(SLOTS);
  const ownerScore = new Float64Array(SLOTS);
  joining.forEach((newcomer, rank) => {
    const scores = slotScores(newcomer);
    const gains = scores.map((score, slot) => score / ownerScore[slot]!);
    const quotas = slotQuotas(joining.slice(0, rank + 1));
    if (rank === 0) ownerScore.set(scores);
    for (const [giver, held] of slotsByOwner(owner, rank).entries()) {
      for (const slot of eagerest(held, gains, held.length - quotas[giver]!)) {
        owner[slot] = rank;
        ownerScore[slot] = scores[slot]!;
      }
    }
  });
  return owner.map((rank) => joining[rank]!.index);
}

function slotScores(shard: WeightedShard): Float64Array {
  const self = contender(shard);
  return Float64Array.from({ length: SLOTS }, (_, slot) => weightedScore(mix32(slot + 1), slot, self));
}

function slotsByOwner(owner: Uint16Array, owners: number): number[][] {
  const held = Array.from({ length: owners }, (): number[] => []);
  if (owners > 0) owner.forEach((rank, slot) => held[rank]!.push(slot));
  return held;
}

/** The `count` slots with the largest gains; without a comparator, whose calls would take k6 a second. */
function eagerest(held: readonly number[], gains: Float64Array, count: number): number[] {
  if (count <= 0) return [];
  const least = Float64Array.from(held, (slot) => gains[slot]!).sort()[held.length - count]!;
  return held.filter((slot) => gains[slot]! >= least).slice(0, count);
}

/**
 * Shares of `SLOTS` by weight, rounded by largest remainder, earlier shards first among equals; they sum to `SLOTS`.
 */
function slotQuotas(shards: readonly WeightedShard[]): number[] {
  const total = shards.reduce((sum, { weight }) => sum + weight, 0);
  const exact = shards.map(({ weight }) => (SLOTS * weight) / total);
  const quotas = exact.map(Math.floor);
  const left = SLOTS - quotas.reduce((sum, quota) => sum + quota, 0);
  const remainder = (i: number) => exact[i]! - quotas[i]!;
  const byRemainder = [...quotas.keys()].sort((a, b) => remainder(b) - remainder(a) || a - b);
  for (const i of byRemainder.slice(0, left)) quotas[i]! += 1;
  return quotas;
}

/** Orders labels as numbers, since ten thousand shards would have labels of unequal length; for `sort`. */
export function compareLabels(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
