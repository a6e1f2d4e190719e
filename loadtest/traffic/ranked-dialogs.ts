import type { Dials } from "./contract.ts";
import { laneCount, onlineUsers } from "./lanes.ts";
import { createRandom } from "../stats/random.ts";

/** One side of a dialog, the one that writes, and the other. */
export interface Side {
  readonly author: number;
  readonly to: number;
}

/**
 * Distinct dialogs in an order of popularity, each with an author in the lane that makes its messages. Rank r (from 0)
 * belongs to lane r mod lanes, at place ⌊r / lanes⌋ of it; `offlineShare` of the places are dialogs with somebody who
 * never connects, spread evenly over the ranks.
 */
export interface RankedDialogs {
  readonly lanes: number;
  /** Places of a lane. */
  capacity(lane: number): number;
  /** Ranks without a gap: `keys` of them need that many places in each lane. */
  readonly most: number;
  at(lane: number, place: number): Side;
}

/** Streams of random numbers: none of the lanes' own. */
const STREAM = 0x52_41_4e_4b;

/**
 * Users stand in a ring, and each owns the dialogs with the next ⌊(online − 1) / 2⌋ of them and with everybody offline:
 * every dialog has one owner, so no two places are the same dialog. The seed turns and steps through each owner's list.
 */
export function rankDialogs(dials: Dials): RankedDialogs {
  const online = onlineUsers(dials);
  const lanes = laneCount(dials);
  const offline = dials.users - online;
  const neighbours = Math.floor((online - 1) / 2);
  const share = offline / dials.users;
  const sizeOf = (lane: number) => Math.floor((online - lane - 1) / lanes) + 1;

  function capacity(lane: number): number {
    const size = sizeOf(lane);
    const byOnline = (size * neighbours) / (1 - share);
    // All but a rounding on either side.
    return Math.max(0, Math.floor(share === 0 ? byOnline : Math.min(byOnline, (size * offline) / share)) - 1);
  }

  const shuffles = Array.from({ length: lanes }, (_, lane) => {
    const random = createRandom(dials.seed, STREAM + lane);
    return { turn: random.below(sizeOf(lane)), near: walk(neighbours, random.next), far: walk(offline, random.next) };
  });

  function at(lane: number, place: number): Side {
    const { turn, near, far } = shuffles[lane]!;
    const size = sizeOf(lane);
    const before = Math.floor(place * share);
    const isFar = Math.floor((place + 1) * share) > before;
    const index = isFar ? before : place - before;
    const author = 1 + lane + ((index + turn) % size) * lanes;
    const round = Math.floor(index / size);
    return { author, to: isFar ? online + 1 + far(round) : ((author + near(round)) % online) + 1 };
  }

  const capacities = Array.from({ length: lanes }, (_, lane) => capacity(lane));
  const most = Math.min(...capacities.map((places, lane) => places * lanes + lane));
  return { lanes, capacity, most, at };
}

/** A seeded way through 0…n − 1 that meets each once: steps of a length that has no divisor in common with n. */
function walk(n: number, next: () => number): (round: number) => number {
  if (n <= 1) return () => 0;
  const start = next() % n;
  let step = 1 + (next() % (n - 1));
  while (commonDivisor(step, n) !== 1) step = step === n - 1 ? 1 : step + 1;
  return (round) => (start + round * step) % n;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
