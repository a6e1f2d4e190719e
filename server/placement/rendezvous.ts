import { byHash } from "./by-hash.ts";
import { negativeLog } from "./exponential.ts";
import { optionFaults, rejectFaults, shardFaults } from "./faults.ts";
import { hashText, leading53, mix32 } from "./hash.ts";
import type { PlacementFactory, WeightedShard } from "./contract.ts";

const words = new Uint32Array(4);

/** A shard's own 64 bits, which every score of it depends on. */
export interface Contender {
  readonly high: number;
  readonly low: number;
  readonly weight: number;
}

export function contender(shard: WeightedShard): Contender {
  hashText(shard.label, 0, words);
  return { high: words[0] ?? 0, low: words[1] ?? 0, weight: shard.weight };
}

/** @returns uniform over 0…2^53 − 1, independent for every pair of key and shard */
function draw(high: number, low: number, shard: Contender): number {
  const first = mix32(low ^ shard.low);
  const second = mix32((high ^ shard.high) + first);
  return leading53(second, mix32(first + second));
}

/**
 * Score of weighted rendezvous hashing: the key belongs to the shard with the highest. A shard wins in proportion to
 * its weight (Schindelhauer & Schomaker, "Weighted Distributed Hash Tables", 2005, logarithmic method).
 */
export function weightedScore(high: number, low: number, shard: Contender): number {
  // Never 0 or 1, also after rounding.
  return shard.weight / negativeLog((draw(high, low, shard) + 1) / (2 ** 53 + 2));
}

/**
 * Highest random weight (Thaler & Ravishankar, 1998), weighted: every shard scores the dialog, the best score owns it.
 *
 * Any shard may join or leave and only its own share of dialogs moves. No state; O(shards) a call.
 *
 * @throws {ConfigError} BAD_PLACEMENT
 */
export const rendezvous: PlacementFactory = (shards, options) => {
  rejectFaults("BAD_PLACEMENT", [...shardFaults(shards), ...optionFaults("rendezvous", options, {})]);
  const field = shards.map(contender);
  // Equal weights: the score rises with the draw, so the logarithm can be left out.
  const score = shards.every((shard) => shard.weight === shards[0]?.weight) ? draw : weightedScore;
  return byHash("rendezvous", (high, low) => {
    let best = 0;
    let bestScore = -1;
    for (let i = 0; i < field.length; i++) {
      const mine = score(high, low, field[i]!);
      if (mine > bestScore) {
        bestScore = mine;
        best = i;
      }
    }
    return best;
  });
};

/** @returns the labels, best score for the dialog first; the first k of them hold the parts of a split */
export function rendezvousOrder(dialog: string, labels: readonly string[]): string[] {
  const field = labels.map((label) => contender({ label, weight: 1 }));
  hashText(dialog, 0, words);
  const high = words[0] ?? 0;
  const low = words[1] ?? 0;
  return labels
    .map((label, i) => ({ label, score: draw(high, low, field[i]!) }))
    .sort((a, b) => b.score - a.score)
    .map(({ label }) => label);
}
