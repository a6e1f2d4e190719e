import { drawMultinomial } from "../stats/binomial.ts";
import type { Random } from "../stats/random.ts";
import { createRandom, scatter } from "../stats/random.ts";
import { arrivalsOf } from "./arrivals/registry.ts";
import { createClosedLane } from "./closed-lane.ts";
import type { Dials, Lane, Phase, Action } from "./contract.ts";
import { evenMoments, poissonMoments, type Moments } from "./phase-arrivals.ts";
import { scheduleOf } from "./schedule.ts";

/** At most so many lanes, whatever the driver: its VUs or threads share them out. */
export const MAX_LANES = 16;

/** The stream of random numbers that shares the messages out to the lanes: none of the lanes' own. */
const SHARE_STREAM = 0x53_48_41_52;
/** Says which lane a message of even gaps is. */
const OWNER_STREAM = 0x4f_57_4e_53;
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
   *   story's to keep; without it the lane has its share of the arrivals that were asked for
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
 * Deals the online users round robin to min(16, online) lanes, each with its own seeded stream and its part of the
 * arrivals. Together they hold as many messages as were asked for, phase by phase. With Poisson arrivals, which lane a
 * message falls to is one multinomial draw, as it is among independent Poisson processes whose sum is known. A closed
 * model is one lane.
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
  const arrivals = arrivalsOf(dials);
  if (!arrivals.isOpen) {
    const hasAuthor = (user: number) => user >= 1 && user <= online;
    return [createClosedLane({ ...arrivals, seed: dials.seed, endMs, parts: plans, hasAuthor })];
  }
  const isEven = arrivals.gaps === "even";
  // A lane with a pace of its own takes no part in the arrivals.
  const rates = plans.map(({ rate, after }) => (after === undefined ? rate : 0));
  const phases = phasesOf(dials, rates, isEven);
  const owner = createOwner(dials.seed, rates);
  const momentsOf = (index: number, after: LanePlan["after"]): Moments => {
    if (after !== undefined) return ownPace(after, endMs);
    if (isEven) return evenMoments(phases[index]!, (message) => owner(message) === index);
    return poissonMoments(seats[index]!.random, phases[index]!);
  };
  return plans.map(({ rate, draw, after }, index) => {
    const moments = momentsOf(index, after);
    return {
      rate,
      ...(after === undefined && { phases: phases[index]! }),
      hasAuthor: (user) => user >= 1 && user <= online && (user - 1) % count === index,
      next(): Action | null {
        const at = rate > 0 ? moments() : null;
        if (at === null) return null;
        const { author, to } = draw(at);
        return { at, user: author, do: "send", target: to };
      },
    };
  });
}

/** The messages of each lane, by the stretches of the schedule. */
function phasesOf(dials: Dials, rates: readonly number[], isEven: boolean): Phase[][] {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  // A story whose lanes make another rate makes it, and the verdict tells.
  const isAsked = Math.abs(sum - dials.rate) <= ROUNDING * dials.rate;
  const random = createRandom(dials.seed, SHARE_STREAM);
  const stretches = scheduleOf(dials, isAsked ? 1 : sum / dials.rate).map((stretch) => ({
    ...stretch,
    dealt: isEven
      ? rates.map((rate) => Math.round((stretch.messages * rate) / Math.max(sum, Number.MIN_VALUE)))
      : drawMultinomial(random, stretch.messages, rates),
  }));
  return rates.map((_, index) =>
    stretches.map(({ untilMs, messages, from, to, dealt }) => ({
      untilMs,
      messages: dealt[index]!,
      ...(from !== to && { rates: { from, to } }),
      ...(isEven && { grid: messages }),
    })),
  );
}

/**
 * @returns which lane a message is, by its number: even over the lanes by their rates, and the same for every generator
 */
function createOwner(seed: number, rates: readonly number[]): (message: number) => number {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  let below = 0;
  const ends = rates.map((rate) => (below += rate));
  const last = ends.indexOf(sum);
  return (message) => {
    const share = ((scatter(scatter(seed ^ OWNER_STREAM) ^ message) >>> 0) / 4_294_967_296) * sum;
    const found = ends.findIndex((end) => share < end);
    return found < 0 ? last : found;
  };
}

function ownPace(after: (at: number) => number, endMs: number): Moments {
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
