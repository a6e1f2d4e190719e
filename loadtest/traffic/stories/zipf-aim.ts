import type { Aim, Ground } from "../contract.ts";
import { rankDialogs } from "../ranked-dialogs.ts";
import type { RankedDialogs } from "../ranked-dialogs.ts";
import { weightOf } from "../../stats/zipf.ts";
import type { ZipfDials } from "./zipf.ts";

/** Ranks whose dialogs may be picked; more would not fit into the environment of k6. */
const MOST_PICKED = 8_192;
const FIRST_PICKED = 256;
/** A forecast this close to what was asked is taken. */
const NEAR = 0.01;

/** Where every rank would fall: messages of the tail by shard, and each picked rank's shard. */
interface Plan {
  /** The shard of each head rank. */
  readonly shards: readonly number[];
  readonly maxOverMean: number;
}

/**
 * Picks the dialogs of the hottest ranks so that the shards get what was asked for: `max-over-mean` itself, or the
 * ranks dealt out evenly, or all on one. What is not picked falls as it is hashed, and is counted in.
 */
export function aimZipf(dials: ZipfDials, ground: Ground): Aim | { readonly fault: string } {
  const ranked = rankDialogs(dials);
  const weight = weightOf({ exponent: dials.zipf, keys: dials.keys, shift: 0 });
  const asked = dials.maxOverMean;
  const natural = Array.from({ length: dials.keys }, (_, rank) => shardOf(ranked, ground, rank));
  let best: Plan | null = null;
  for (let head = Math.min(FIRST_PICKED, dials.keys); ; head = Math.min(2 * head, dials.keys, MOST_PICKED)) {
    const plan = deal(natural, head, ground.shards, weight, dials);
    if (best === null || Math.abs(plan.maxOverMean - asked) < Math.abs(best.maxOverMean - asked)) best = plan;
    if (asked === 0 || isNear(best, asked) || head >= Math.min(dials.keys, MOST_PICKED)) break;
  }
  if (asked > 0 && !isNear(best, asked)) {
    const most = Math.min(dials.keys, MOST_PICKED);
    const range = [0, ground.shards].map((target) => deal(natural, most, ground.shards, weight, dials, target));
    const [least, highest] = range.map(({ maxOverMean }) => maxOverMean.toFixed(2));
    const what = `zipf ${dials.zipf} with ${dials.keys} keys on ${ground.shards} shards`;
    return { fault: `max-over-mean ${asked} cannot be had: ${what} can give ${least} to ${highest}.` };
  }
  const places = pick(best.shards, natural, ranked, ground, dials.keys);
  if (places === null) return { fault: "users leave too few dialogs beside the keys to pick from: raise users." };
  const aimed: ZipfDials = { ...dials, headPlaces: places };
  return { dials: aimed, maxOverMean: asked === 0 ? null : { asked, forecast: best.maxOverMean } };
}

function isNear(plan: Plan, asked: number): boolean {
  return Math.abs(plan.maxOverMean - asked) <= NEAR * asked;
}

function shardOf(ranked: RankedDialogs, ground: Ground, rank: number): number {
  const { author, to } = ranked.at(rank % ranked.lanes, Math.floor(rank / ranked.lanes));
  return ground.place(author, to);
}

/**
 * Deals the head's ranks to shards, the heaviest first: to the chosen shard while it stays within its target, else to
 * the shard that has least.
 *
 * @param target of max/mean; by default what the dials say, and 0 deals everything to the shard that has least
 */
function deal(
  natural: readonly number[],
  head: number,
  shards: number,
  weight: (rank: number) => number,
  dials: ZipfDials,
  target = dials.maxOverMean > 0 ? dials.maxOverMean : dials.spread === "together" ? shards : 0,
): Plan {
  const loads = Array.from({ length: shards }, () => 0);
  let total = 0;
  for (const [rank, shard] of natural.entries()) {
    const load = weight(rank + 1);
    total += load;
    if (rank >= head) loads[shard]! += load;
  }
  const chosen = loads.indexOf(Math.max(...loads));
  const limit = (target * total) / shards;
  const dealt: number[] = [];
  for (let rank = 0; rank < head; rank += 1) {
    const load = weight(rank + 1);
    const fits = loads[chosen]! + load <= limit;
    const shard = fits || shards === 1 ? chosen : leastOf(loads, target > 0 ? chosen : -1);
    loads[shard]! += load;
    dealt.push(shard);
  }
  return { shards: dealt, maxOverMean: (Math.max(...loads) * shards) / total };
}

/** @returns the index of the smallest, without `except` */
function leastOf(loads: readonly number[], except: number): number {
  let best = -1;
  for (const [index, load] of loads.entries()) {
    if (index !== except && (best < 0 || load < loads[best]!)) best = index;
  }
  return best;
}

/** Finds a dialog on the wanted shard for each head rank, beyond those in use. @returns null when a lane has no more */
function pick(
  wanted: readonly number[],
  natural: readonly number[],
  ranked: RankedDialogs,
  ground: Ground,
  keys: number,
): string | null {
  const spares = Array.from({ length: ranked.lanes }, (_, lane) => ({
    next: Math.ceil((keys - lane) / ranked.lanes),
    found: Array.from({ length: ground.shards }, (): number[] => []),
  }));
  const places: string[] = [];
  for (const [rank, shard] of wanted.entries()) {
    if (natural[rank] === shard) {
      places.push("");
      continue;
    }
    const lane = rank % ranked.lanes;
    const spare = spares[lane]!;
    while (spare.found[shard]!.length === 0) {
      if (spare.next >= ranked.capacity(lane)) return null;
      const { author, to } = ranked.at(lane, spare.next);
      spare.found[ground.place(author, to)]!.push(spare.next);
      spare.next += 1;
    }
    places.push(String(spare.found[shard]!.shift()));
  }
  return places.join(",");
}
