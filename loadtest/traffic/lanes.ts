import type { Dials, Lane, PlannedSend } from "./contract.ts";
import type { Random } from "./random.ts";
import { createRandom } from "./random.ts";

/** At most so many lanes, whatever the driver: its VUs or threads share them out. */
export const MAX_LANES = 16;

/** Users that connect: ids 1…online. */
export function onlineUsers(dials: Pick<Dials, "users" | "offlineShare">): number {
  return dials.users - Math.floor(dials.users * dials.offlineShare + 1e-9);
}

/** The users of one lane and its stream of random numbers. */
export interface LaneSeat {
  /** Number of the lane, from 0. */
  readonly index: number;
  /** How many users the lane has, at least 1. */
  readonly size: number;
  /** @returns the k-th user of the lane, k from 0 to size − 1, ascending */
  readonly user: (k: number) => number;
  readonly random: Random;
}

/** What a story says of one lane. */
export interface LanePlan {
  /** Messages per second on average over the schedule, >= 0. */
  readonly rate: number;
  /** @returns the moment of the next message after `at`, ms; without it the lane is a Poisson process of that rate */
  readonly after?: (at: number) => number;
  /** Draws who writes to whom. @param at intended moment, ms after the start: the lane's, not the plan's to choose */
  readonly draw: (at: number) => { readonly author: number; readonly to: number };
}

/** How many lanes there are: at most 16, each with a user. */
export function laneCount(dials: Dials): number {
  return Math.min(MAX_LANES, onlineUsers(dials));
}

/**
 * Deals the online users round robin to min(16, online) lanes, each a Poisson process with its own seeded stream: the
 * sum of independent Poisson processes is one of the summed rate.
 *
 * @param plan called once per lane, when the lanes are made
 */
export function dealLanes(dials: Dials, plan: (seat: LaneSeat) => LanePlan): Lane[] {
  const online = onlineUsers(dials);
  const count = laneCount(dials);
  const endMs = (dials.warmupS + dials.durationS) * 1000;
  return Array.from({ length: count }, (_, index) => {
    const random = createRandom(dials.seed, index);
    const size = Math.floor((online - index - 1) / count) + 1;
    const { rate, draw, after } = plan({ index, size, user: (k) => 1 + index + k * count, random });
    let at = 0;
    return {
      rate,
      hasAuthor: (user) => user >= 1 && user <= online && (user - 1) % count === index,
      next(): PlannedSend | null {
        if (rate <= 0 || at >= endMs) return null;
        at = after === undefined ? at + (random.exponential() * 1000) / rate : after(at);
        if (at >= endMs) return null;
        const { author, to } = draw(at);
        return { at, author, to };
      },
    };
  });
}

/** @returns a user drawn evenly from first…last without `except`, which lies between them */
export function anyoneBut(random: Random, first: number, last: number, except: number): number {
  const user = first + random.below(last - first);
  return user < except ? user : user + 1;
}
