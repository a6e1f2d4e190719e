import { messagesOf } from "../asked.ts";
import { burstArea } from "../burst.ts";
import type { Burst } from "../burst.ts";
import { onlineUsers } from "../lanes.ts";
import { rankDialogs } from "../ranked-dialogs.ts";
import type { RankedDialogs } from "../ranked-dialogs.ts";
import type { FlashCrowdDials } from "./flash-crowd.ts";

/** Between the last join and the crowd's first message: a handshake on a busy server takes its time. */
const SETTLE_MS = 2_000;
/** Most dialogs that become hot in one run; then the first ones return. */
const MOST_HOT = 10_000;

/** Users that are connected from the start. */
export function earlyUsers(dials: FlashCrowdDials): number {
  const online = onlineUsers(dials);
  return online - Math.floor(online * dials.joinShare + 1e-9);
}

/** What all lanes agree on. Moments in ms after the start, rates per second. */
export interface Plan {
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
  readonly messages: Messages;
}

/** What the curve of the rate makes, to the whole message; the burst begins after the warm-up. */
interface Messages {
  readonly warmup: number;
  readonly measured: number;
  /** Shares of those measured that are the burst's: the hot dialogs', and the crowd's. */
  readonly hotOfMeasured: number;
  readonly crowdOfMeasured: number;
}

/** @param dials without faults */
export function planOf(dials: FlashCrowdDials): Plan {
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
    messages: messagesFrom(dials, {
      hot: (peak * dials.hotShare * burstArea(hotBurst, endMs)) / 1000,
      crowd: (peak * (1 - dials.hotShare) * burstArea(crowdBurst, endMs)) / 1000,
    }),
  };
}

function messagesFrom(
  dials: FlashCrowdDials,
  { hot, crowd }: { readonly hot: number; readonly crowd: number },
): Messages {
  const curve = dials.rate * dials.durationS + hot + crowd;
  return {
    warmup: messagesOf(dials).warmup,
    measured: Math.round(curve),
    hotOfMeasured: hot / curve,
    crowdOfMeasured: crowd / curve,
  };
}
