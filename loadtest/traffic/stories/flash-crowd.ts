import { laneCount, onlineUsers } from "../lanes.ts";
import { defineScenario } from "../scenario.ts";
import type { DialsOf } from "../scenario.ts";
import { flashCrowdLanes } from "./flash-crowd-lanes.ts";
import { earlyUsers, planOf } from "./flash-crowd-plan.ts";

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

/** The dials of `flash-crowd`. */
export type FlashCrowdDials = DialsOf<typeof OWN_DIALS>;

/** With as many of an author's dialogs hot, 16 tries miss a quiet one once in 65,536 messages: no verdict sees that. */
const MOST_HOT_OF_QUIET = 0.5;

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
    const { warmup, measured, hotOfMeasured } = plan.messages;
    return {
      name: "flash-crowd",
      online: onlineUsers(dials),
      users: dials.users,
      askedShare: (measured * hotOfMeasured) / Math.max(1, warmup + measured),
      expected: warmup + measured,
      expectedIsExact: true,
      walks: dials.walkS > 0,
      isHot: plan.isHot,
      joinsAt: (user) => plan.joinsAt(user),
      lanes: () => flashCrowdLanes(dials, plan),
    };
  },
});

/** Share of the dialogs of those who write the quiet traffic that become hot at some time. */
function hotOfQuiet(dials: FlashCrowdDials): number {
  const { early, joiners, hotDialogs } = planOf(dials);
  return (2 * hotDialogs) / early / (dials.users - joiners - 1);
}
