import { burstArea, burstAt } from "../burst.ts";
import type { Burst } from "../burst.ts";
import type { Lane } from "../contract.ts";
import { anyoneBut, dealLanes, laneCount, onlineUsers } from "../lanes.ts";
import type { LaneSeat } from "../lanes.ts";
import type { RankedDialogs } from "../ranked-dialogs.ts";
import { rankDialogs } from "../ranked-dialogs.ts";
import { defineScenario } from "../scenario.ts";
import type { DialsOf } from "../scenario.ts";

const DAY_S = 86_400;

const OWN_DIALS = {
  burst: {
    option: "burst",
    kind: "number",
    min: 1,
    max: 1_000,
    default: 6,
    meaning: "how much higher the rate is at the peak than before: rate is that of the quiet time",
  },
  burstAtS: {
    option: "burst-at",
    kind: "duration",
    min: 0,
    max: 7 * DAY_S,
    default: 5,
    meaning: "when the star arrives, from the start of the measured phase",
  },
  riseS: { option: "rise", kind: "duration", min: 0, max: DAY_S, default: 2, meaning: "time from arrival to the peak" },
  decayS: {
    option: "decay",
    kind: "duration",
    min: 0,
    aboveMin: true,
    max: DAY_S,
    default: 5,
    meaning: "time after the peak in which a quarter of the burst is left",
  },
  joinShare: {
    option: "join-share",
    kind: "number",
    min: 0,
    max: 1,
    belowMax: true,
    default: 0.5,
    meaning: "share of the online users that connect only when the star arrives",
  },
  hotShare: {
    option: "hot-share",
    kind: "number",
    min: 0,
    max: 1,
    default: 0.5,
    meaning: "share of the burst's messages that goes to the hot dialogs; the crowd writes the rest",
  },
  hotSet: {
    option: "hot-set",
    kind: "integer",
    min: 1,
    max: 1_000,
    default: 2,
    meaning: "dialogs that are hot at a time",
  },
  walkS: {
    option: "walk",
    kind: "duration",
    min: 0,
    max: DAY_S,
    default: 4,
    meaning: "after so long the oldest hot dialog cools and a new one becomes hot; 0: they stay",
  },
} as const;

type FlashCrowdDials = DialsOf<typeof OWN_DIALS>;

/** Between the last join and the crowd's first message: a handshake on a busy server takes its time. */
const SETTLE_MS = 2_000;
const MOST_TRIES = 16;
/** With as many of an author's dialogs hot, 16 tries miss a quiet one once in 65,536 messages: no verdict sees that. */
const MOST_HOT_OF_QUIET = 0.5;
/** Most dialogs that become hot in one run; then the first ones return. */
const MOST_HOT = 10_000;

/**
 * Quiet random traffic; then a star arrives. Users join while the rate rises; the hot dialogs burst at once and the
 * crowd, which had to connect first, a rise and two seconds later; both decay. The hot set walks.
 */
export const flashCrowd = defineScenario({
  name: "flash-crowd",
  changesRate: true,
  story: "quiet, then a star arrives: users join, a burst, decay; the hot dialogs change",
  dials: OWN_DIALS,
  defaults: { durationS: 30, rate: 200 },
  faults(dials) {
    const faults: string[] = [];
    const early = earlyUsers(dials);
    if (early < laneCount(dials) || early < 3) {
      faults.push(
        `join-share leaves ${early} users before the burst; at least ${Math.max(3, laneCount(dials))} must be.`,
      );
    }
    if (dials.burstAtS >= dials.durationS) faults.push("burst-at must lie before the end of the duration.");
    if (faults.length === 0 && hotOfQuiet(dials) > MOST_HOT_OF_QUIET) {
      faults.push(
        "users leave too few dialogs beside the hot ones for the quiet traffic: raise users, or lower hot-set.",
      );
    }
    return faults;
  },
  make(dials) {
    const plan = planOf(dials);
    return {
      name: "flash-crowd",
      online: onlineUsers(dials),
      users: dials.users,
      askedShare: plan.hotMessages / plan.messages,
      expected: plan.messages,
      walks: dials.walkS > 0,
      isHot: plan.isHot,
      joinsAt: (user) => plan.joinsAt(user),
      lanes: () => lanes(dials, plan),
    };
  },
});

/** Share of the dialogs of those who write the quiet traffic that become hot at some time. */
function hotOfQuiet(dials: FlashCrowdDials): number {
  const { early, joiners, hotDialogs } = planOf(dials);
  return (2 * hotDialogs) / early / (dials.users - joiners - 1);
}

function earlyUsers(dials: FlashCrowdDials): number {
  const online = onlineUsers(dials);
  return online - Math.floor(online * dials.joinShare + 1e-9);
}

/** What all lanes agree on. Moments in ms after the start, rates per second. */
interface Plan {
  readonly early: number;
  readonly joiners: number;
  readonly hotBurst: Burst;
  readonly crowdBurst: Burst;
  /** Rate of the burst at its peak. */
  readonly peak: number;
  readonly endMs: number;
  readonly ranked: RankedDialogs;
  /** Dialogs that become hot at some time, a multiple of the lanes: number i is lane i mod lanes'. */
  readonly hotDialogs: number;
  hotAt(index: number): { readonly author: number; readonly to: number };
  readonly isHot: (author: number, to: number) => boolean;
  /** Number of the oldest hot dialog. */
  oldest(at: number): number;
  joinsAt(user: number): number;
  readonly hotMessages: number;
  readonly messages: number;
}

function planOf(dials: FlashCrowdDials): Plan {
  const early = earlyUsers(dials);
  const joiners = onlineUsers(dials) - early;
  const from = (dials.warmupS + dials.burstAtS) * 1000;
  const rise = dials.riseS * 1000;
  const decay = dials.decayS * 1000;
  const endMs = (dials.warmupS + dials.durationS) * 1000;
  const hotBurst = { from, rise, decay };
  const crowdBurst = joiners === 0 ? hotBurst : { from: from + rise + SETTLE_MS, rise, decay };
  const peak = dials.rate * (dials.burst - 1);
  const ranked = rankDialogs({ ...dials, users: early, offlineShare: 0 });
  const walks = dials.walkS === 0 ? 0 : Math.ceil(Math.max(0, endMs - from) / 1000 / dials.walkS);
  const wanted = Math.min(MOST_HOT, dials.hotSet + walks);
  const rounds = Math.max(1, Math.min(Math.floor(ranked.most / ranked.lanes), Math.ceil(wanted / ranked.lanes)));
  const hotAt = (index: number) => ranked.at(index % ranked.lanes, Math.floor(index / ranked.lanes) % rounds);
  const stride = dials.users + 1;
  const key = (a: number, b: number) => (a < b ? a * stride + b : b * stride + a);
  const hot = new Set<number>();
  for (let index = 0; index < rounds * ranked.lanes; index += 1) {
    const { author, to } = hotAt(index);
    hot.add(key(author, to));
  }
  const hotMessages = (peak * dials.hotShare * burstArea(hotBurst, endMs)) / 1000;
  const crowdMessages = (peak * (1 - dials.hotShare) * burstArea(crowdBurst, endMs)) / 1000;
  return {
    early,
    joiners,
    hotBurst,
    crowdBurst,
    peak,
    endMs,
    ranked,
    hotDialogs: rounds * ranked.lanes,
    hotAt,
    isHot: (author, to) => hot.has(key(author, to)),
    oldest: (at) => (dials.walkS === 0 || at < from ? 0 : Math.floor((at - from) / 1000 / dials.walkS)),
    joinsAt: (user) =>
      user <= early || user > early + joiners ? 0 : from + (rise * (user - early - 1)) / Math.max(1, joiners),
    hotMessages,
    messages: (dials.rate * endMs) / 1000 + hotMessages + crowdMessages,
  };
}

function lanes(dials: FlashCrowdDials, plan: Plan): Lane[] {
  return dealLanes(dials, (seat) => {
    const { random, user } = seat;
    const { early, joiners, peak, hotBurst, crowdBurst } = plan;
    const earlyHere = countUpTo(seat, early);
    const crowdHere = joiners === 0 ? earlyHere : seat.size - earlyHere;
    const quiet = (dials.rate * earlyHere) / early;
    const crowdPeak = (peak * (1 - dials.hotShare) * crowdHere) / (joiners === 0 ? early : joiners);
    const hotPeak = (peak * dials.hotShare) / dials.hotSet;
    const most = quiet + crowdPeak + hotPeak * Math.ceil(dials.hotSet / plan.ranked.lanes);
    const mean = (height: Burst) => burstArea(height, plan.endMs) / plan.endMs;
    let source: "quiet" | "hot" | "crowd" = "quiet";
    return {
      // The hot set walks over the lanes: each has its share of it on average.
      rate: quiet + crowdPeak * mean(crowdBurst) + ((peak * dials.hotShare) / plan.ranked.lanes) * mean(hotBurst),
      /** Thinning (P. Lewis and G. Shedler, 1979): candidates at the highest rate, kept with the chance of the moment's. */
      after(before) {
        let at = before;
        for (;;) {
          at += (random.exponential() * 1000) / most;
          if (at >= plan.endMs) return at;
          const hot = hotPeak * burstAt(hotBurst, at) * hotHere(seat, dials, plan, at).count;
          const crowd = crowdPeak * burstAt(crowdBurst, at);
          const drawn = random.uniform() * most;
          if (drawn >= quiet + hot + crowd) continue;
          source = drawn < quiet ? "quiet" : drawn < quiet + hot ? "hot" : "crowd";
          return at;
        }
      },
      draw(at) {
        if (source === "hot") {
          const { first, count } = hotHere(seat, dials, plan, at);
          return plan.hotAt(first + plan.ranked.lanes * random.below(count));
        }
        if (source === "crowd" && joiners > 0) {
          return { author: user(earlyHere + random.below(crowdHere)), to: 1 + random.below(early) };
        }
        const author = user(random.below(earlyHere));
        return { author, to: quietReader(seat, dials, plan, author) };
      },
    };
  });
}

/**
 * Somebody who is here all the time or never: a message to somebody on the way would be neither delivered nor offline. Hot
 * dialogs get what was asked and nothing by chance, as far as few users leave a choice.
 */
function quietReader({ random }: LaneSeat, dials: FlashCrowdDials, plan: Plan, author: number): number {
  const { early, joiners } = plan;
  for (let tries = 1; ; tries += 1) {
    const drawn = anyoneBut(random, 1, dials.users - joiners, author);
    const to = drawn <= early ? drawn : drawn + joiners;
    if (tries === MOST_TRIES || !plan.isHot(author, to)) return to;
  }
}

/** Users of the lane with an id of at most `last`. */
function countUpTo({ size, user }: LaneSeat, last: number): number {
  let count = 0;
  while (count < size && user(count) <= last) count += 1;
  return count;
}

/** The hot dialogs of this lane at a moment: every `lanes`-th number from `first` on. */
function hotHere({ index }: LaneSeat, { hotSet }: FlashCrowdDials, plan: Plan, at: number) {
  const oldest = plan.oldest(at);
  const { lanes: step } = plan.ranked;
  const first = oldest + ((((index - oldest) % step) + step) % step);
  return { first, count: first < oldest + hotSet ? Math.floor((oldest + hotSet - 1 - first) / step) + 1 : 0 };
}
