import { createArrivals } from "./arrivals.ts";
import { messagesOf } from "./asked.ts";
import { drawMultinomial } from "../stats/binomial.ts";
import type { Dials, Lane, Phase, PlannedSend } from "./contract.ts";
import type { Random } from "../stats/random.ts";
import { createRandom } from "../stats/random.ts";

/** At most so many lanes, whatever the driver: its VUs or threads share them out. */
export const MAX_LANES = 16;

/** The stream of random numbers that shares the messages out to the lanes: none of the lanes' own. */
const SHARE_STREAM = 0x53_48_41_52;
/** Rates of lanes that add up to the rate asked for, but for rounding. */
const ROUNDING = 1e-6;

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
  /**
   * @returns the moment of the next message after `at`, ms: a pace of the lane's own, whose number of messages is the
   *   story's to keep; without it the lane has even arrivals and its share of what was asked
   */
  readonly after?: (at: number) => number;
  /** Draws who writes to whom. @param at intended moment, ms after the start: the lane's, not the plan's to choose */
  readonly draw: (at: number) => { readonly author: number; readonly to: number };
}

/** How many lanes there are: at most 16, each with a user. */
export function laneCount(dials: Dials): number {
  return Math.min(MAX_LANES, onlineUsers(dials));
}

/**
 * Deals the online users round robin to min(16, online) lanes, each with its own seeded stream and Poisson arrivals given
 * their count: together they hold round(rate × seconds) messages in the warm-up and in the measured phase. Which lane a
 * message falls to is one multinomial draw, as it is among independent Poisson processes whose sum is known.
 *
 * @param plan called once per lane, when the lanes are made
 */
export function dealLanes(dials: Dials, plan: (seat: LaneSeat) => LanePlan): Lane[] {
  const online = onlineUsers(dials);
  const count = laneCount(dials);
  const endMs = (dials.warmupS + dials.durationS) * 1000;
  const seats = Array.from({ length: count }, (_, index): LaneSeat => {
    const size = Math.floor((online - index - 1) / count) + 1;
    return { index, size, user: (k) => 1 + index + k * count, random: createRandom(dials.seed, index) };
  });
  const plans = seats.map((seat) => plan(seat));
  const phases = phasesOf(dials, plans);
  return plans.map(({ rate, draw, after }, index) => {
    const arrivals = after === undefined ? evenArrivals(seats[index]!.random, phases[index]!) : ownPace(after, endMs);
    return {
      rate,
      ...(after === undefined && { phases: phases[index]! }),
      hasAuthor: (user) => user >= 1 && user <= online && (user - 1) % count === index,
      next(): PlannedSend | null {
        const at = rate > 0 ? arrivals() : null;
        if (at === null) return null;
        const { author, to } = draw(at);
        return { at, author, to };
      },
    };
  });
}

/** The messages of each lane in the warm-up and in the measured phase. */
function phasesOf(dials: Dials, plans: readonly LanePlan[]): Phase[][] {
  const { warmupS, durationS, seed } = dials;
  const rates = plans.map(({ rate, after }) => (after === undefined ? rate : 0));
  const sum = rates.reduce((total, rate) => total + rate, 0);
  // A story whose lanes make another rate makes it, and the verdict tells.
  const isAsked = Math.abs(sum - dials.rate) <= ROUNDING * dials.rate;
  const { warmup, measured } = messagesOf(isAsked ? dials : { ...dials, rate: sum });
  const random = createRandom(seed, SHARE_STREAM);
  const early = drawMultinomial(random, warmup, rates);
  const late = drawMultinomial(random, measured, rates);
  return plans.map((_, index) => [
    { untilMs: warmupS * 1000, messages: early[index]! },
    { untilMs: (warmupS + durationS) * 1000, messages: late[index]! },
  ]);
}

function evenArrivals(random: Random, phases: readonly Phase[]): () => number | null {
  const parts = phases.map(({ untilMs, messages }, index) =>
    createArrivals(random, phases[index - 1]?.untilMs ?? 0, untilMs, messages),
  );
  let current = 0;
  return () => {
    for (; current < parts.length; current += 1) {
      const at = parts[current]!();
      if (at !== null) return at;
    }
    return null;
  };
}

function ownPace(after: (at: number) => number, endMs: number): () => number | null {
  let at = 0;
  return () => {
    if (at < endMs) at = after(at);
    return at < endMs ? at : null;
  };
}

/** @returns a user drawn evenly from first…last without `except`, which lies between them */
export function anyoneBut(random: Random, first: number, last: number, except: number): number {
  const user = first + random.below(last - first);
  return user < except ? user : user + 1;
}
