import { createArrivals } from "../poisson.ts";
import { drawMultinomial } from "../../stats/binomial.ts";
import { burstArea, createBurstArrivals } from "../burst.ts";
import type { Burst } from "../burst.ts";
import type { Lane } from "../contract.ts";
import { anyoneBut, dealLanes } from "../lanes.ts";
import type { LaneSeat } from "../lanes.ts";
import { createRandom } from "../../stats/random.ts";
import type { FlashCrowdDials } from "./flash-crowd.ts";
import type { Plan } from "./flash-crowd-plan.ts";

const MOST_TRIES = 16;
/** Streams of random numbers: none of the lanes' own. */
const SHARE_STREAM = 0x46_4c_41_53;
const HOT_STREAM = SHARE_STREAM + 1;

/** How much of the story is one lane's. */
interface Part {
  /** Its users who are there from the start. */
  readonly early: number;
  /** Its users who write what the crowd writes: those who join, or everybody when nobody does. */
  readonly crowd: number;
  /** Messages by what they are. */
  readonly messages: { readonly warmup: number; readonly quiet: number; readonly crowd: number };
}

/** Which message is of which kind and of which lane, as among independent Poisson processes whose sum is known. */
function partsOf(dials: FlashCrowdDials, { messages, early, joiners, ranked }: Plan): { lanes: Part[]; hot: number } {
  const upTo = (last: number, lane: number) => Math.floor((last - lane - 1) / ranked.lanes) + 1;
  const earlyUsers = Array.from({ length: ranked.lanes }, (_, lane) => upTo(early, lane));
  const crowdUsers = earlyUsers.map((users, lane) => (joiners === 0 ? users : upTo(early + joiners, lane) - users));
  const { warmup, measured, hotOfMeasured, crowdOfMeasured } = messages;
  const random = createRandom(dials.seed, SHARE_STREAM);
  const shares = [1 - hotOfMeasured - crowdOfMeasured, hotOfMeasured, crowdOfMeasured];
  const [quiet = 0, hot = 0, crowd = 0] = drawMultinomial(random, measured, shares);
  const [warmups, quiets] = [warmup, quiet].map((count) => drawMultinomial(random, count, earlyUsers));
  const crowds = drawMultinomial(random, crowd, crowdUsers);
  const lanes = earlyUsers.map((users, lane) => ({
    early: users,
    crowd: crowdUsers[lane]!,
    messages: { warmup: warmups![lane]!, quiet: quiets![lane]!, crowd: crowds[lane]! },
  }));
  return { lanes, hot };
}

/** One kind of a lane's messages. */
interface Source {
  /** @returns the next moment, ascending; null when there are no more */
  readonly next: () => number | null;
  /** The message of the moment that `next` gave last. */
  readonly draw: () => { readonly author: number; readonly to: number };
}

export function flashCrowdLanes(dials: FlashCrowdDials, plan: Plan): Lane[] {
  const parts = partsOf(dials, plan);
  const { early, joiners, peak, hotBurst, crowdBurst, endMs } = plan;
  const mean = (height: Burst) => burstArea(height, endMs) / endMs;
  return dealLanes(dials, (seat) => {
    const part = parts.lanes[seat.index]!;
    const quiet = (dials.rate * part.early) / early;
    const crowd = (peak * (1 - dials.hotShare) * part.crowd) / (joiners === 0 ? early : joiners);
    // The hot set walks over the lanes: each has its share of it on average.
    const hot = (peak * dials.hotShare) / plan.ranked.lanes;
    return {
      rate: quiet + crowd * mean(crowdBurst) + hot * mean(hotBurst),
      ...inOrder([...ownSources(seat, dials, plan, part), hotSource(seat, dials, plan, parts.hot)]),
    };
  });
}

function ownSources(seat: LaneSeat, dials: FlashCrowdDials, plan: Plan, part: Part): Source[] {
  const { random, user } = seat;
  const { early, joiners, crowdBurst, endMs } = plan;
  const warmupMs = dials.warmupS * 1000;
  const { warmup, quiet, crowd } = part.messages;
  const everyday = () => {
    const author = user(random.below(part.early));
    return { author, to: quietReader(seat, dials, plan, author) };
  };
  const joiner = () => ({ author: user(part.early + random.below(part.crowd)), to: 1 + random.below(early) });
  return [
    { next: createArrivals(random, 0, warmupMs, warmup), draw: everyday },
    { next: createArrivals(random, warmupMs, endMs, quiet), draw: everyday },
    { next: createBurstArrivals(random, crowdBurst, endMs, crowd), draw: joiners > 0 ? joiner : everyday },
  ];
}

/** The hot set walks over the lanes: every lane goes through all messages to it, and keeps its own. */
function hotSource({ index }: LaneSeat, dials: FlashCrowdDials, plan: Plan, count: number): Source {
  const random = createRandom(dials.seed, HOT_STREAM);
  const moments = createBurstArrivals(random, plan.hotBurst, plan.endMs, count);
  let hot = 0;
  return {
    next() {
      for (let at = moments(); at !== null; at = moments()) {
        hot = plan.oldest(at) + random.below(dials.hotSet);
        if (hot % plan.ranked.lanes === index) return at;
      }
      return null;
    },
    draw: () => plan.hotAt(hot),
  };
}

/** Several sources as one pace. */
function inOrder(sources: readonly Source[]) {
  const heads = sources.map(({ next }) => next() ?? Number.POSITIVE_INFINITY);
  let current = -1;
  return {
    after() {
      if (current >= 0) heads[current] = sources[current]!.next() ?? Number.POSITIVE_INFINITY;
      current = heads.indexOf(Math.min(...heads));
      return heads[current]!;
    },
    draw: () => sources[current]!.draw(),
  };
}

/**
 * Somebody who is here all the time or never: a message to somebody on the way would be neither delivered nor offline.
 * Hot dialogs get what was asked and nothing by chance, as far as few users leave a choice.
 */
function quietReader({ random }: LaneSeat, dials: FlashCrowdDials, plan: Plan, author: number): number {
  const { early, joiners } = plan;
  for (let tries = 1; ; tries += 1) {
    const drawn = anyoneBut(random, 1, dials.users - joiners, author);
    const to = drawn <= early ? drawn : drawn + joiners;
    if (tries === MOST_TRIES || !plan.isHot(author, to)) return to;
  }
}
