import type { Aim, Ground, Lane } from "../contract.ts";
import { mergeLanes } from "../deal.ts";
import { anyoneBut, dealLanes, onlineUsers } from "../lanes.ts";
import type { DialsOf } from "../scenario.ts";
import { defineScenario } from "../scenario.ts";
import { MAX_OVER_MEAN } from "./max-over-mean.ts";

const STAR = 1;
const FRIEND = 2;

const OWN_DIALS = {
  hotShare: {
    option: "hot-share",
    kind: "number",
    min: 0,
    max: 1,
    belowMax: true,
    default: 0.4,
    meaning: "share of the messages that the hot dialog or inbox gets",
  },
  mode: {
    option: "mode",
    kind: "choice",
    choices: ["dialog", "inbox"],
    default: "dialog",
    meaning: "`dialog` (two users) or `inbox` (a crowd writes to one)",
  },
  maxOverMean: MAX_OVER_MEAN,
} as const;

type LadyGagaDials = DialsOf<typeof OWN_DIALS>;

/**
 * Random traffic plus one hot spot with exactly `hotShare` of the messages: the dialog of users 1 and 2 (both write
 * equally often), or the inbox of user 1. Nobody else's traffic falls on it by chance, so the share is what was asked.
 */
export const ladyGaga = defineScenario({
  name: "lady-gaga",
  story: "random traffic plus one hot dialog (or one star's inbox) with a share of all messages",
  dials: OWN_DIALS,
  leastUsers: 3,
  faults: ({ mode, maxOverMean }) =>
    mode === "inbox" && maxOverMean > 0
      ? ["max-over-mean goes with mode dialog: an inbox is many dialogs, which lie where they lie."]
      : [],
  aim: { needed: ({ maxOverMean }) => maxOverMean > 0, at: aimHotShare },
  make(dials) {
    const inbox = dials.mode === "inbox";
    return {
      name: "lady-gaga",
      online: onlineUsers(dials),
      users: dials.users,
      askedShare: dials.hotShare,
      isHot: inbox
        ? (author, to) => author === STAR || to === STAR
        : (author, to) => (author === STAR && to === FRIEND) || (author === FRIEND && to === STAR),
      lanes: () => (inbox ? inboxLanes(dials) : dialogLanes(dials)),
    };
  },
});

/** Messages of the rest that tell how it falls on the shards: their shares stray by 1 %. */
const SAMPLED = 50_000;

/** The share p of the hot dialog with which its shard, with q of the rest, gets M / N: p + (1 − p) q = M / N. */
function aimHotShare(dials: LadyGagaDials, ground: Ground): Aim | { readonly fault: string } {
  const { maxOverMean: asked } = dials;
  const { shards } = ground;
  const rest = Array.from({ length: shards }, () => 0);
  // How messages come does not change where they go.
  const sample = { ...dials, arrivals: "", hotShare: 0, durationS: SAMPLED / dials.rate };
  const next = mergeLanes(dialogLanes(sample));
  let sampled = 0;
  for (let send = next(); send !== null; send = next(), sampled += 1) rest[ground.place(send.user, send.target)]! += 1;
  const hot = ground.place(STAR, FRIEND);
  const q = (index: number) => (rest[index] ?? 0) / Math.max(1, sampled);
  const hotShare = (asked / shards - q(hot)) / (1 - q(hot));
  const others = rest.map((_, index) => (index === hot ? 0 : q(index)));
  const highest = Math.max(...others, q(hot)) * shards;
  if (!(hotShare >= 0 && hotShare < 1) || asked < (1 - hotShare) * Math.max(...others) * shards) {
    const range = `${highest.toFixed(2)} without a hot dialog to ${shards} with nothing else`;
    return { fault: `max-over-mean ${asked} cannot be had: one hot dialog on ${shards} shards can give ${range}.` };
  }
  return { dials: { ...dials, hotShare, maxOverMean: 0 }, maxOverMean: { asked, forecast: asked } };
}

function dialogLanes(dials: LadyGagaDials): Lane[] {
  const { users, rate, hotShare } = dials;
  const online = onlineUsers(dials);
  return dealLanes(dials, ({ size, user, random }) => {
    // At least two lanes exist, so the two are the first users of different lanes.
    const first = user(0);
    const hotRate = first <= FRIEND ? (rate * hotShare) / 2 : 0;
    const otherRate = (rate * (1 - hotShare) * size) / online;
    return {
      rate: hotRate + otherRate,
      draw() {
        if (hotRate > 0 && random.uniform() * (hotRate + otherRate) < hotRate) {
          return { author: first, to: first === STAR ? FRIEND : STAR };
        }
        const author = user(random.below(size));
        const to = author <= FRIEND ? FRIEND + 1 + random.below(users - 2) : anyoneBut(random, 1, users, author);
        return { author, to };
      },
    };
  });
}

/** The star only reads: an answer of hers would be in a dialog of the inbox, though not to her. */
function inboxLanes(dials: LadyGagaDials): Lane[] {
  const { users, rate, hotShare } = dials;
  const crowd = onlineUsers(dials) - 1;
  return dealLanes(dials, ({ size, user, random }) => {
    const skipped = user(0) === STAR ? 1 : 0;
    const writers = size - skipped;
    return {
      rate: (rate * writers) / crowd,
      draw() {
        const author = user(skipped + random.below(writers));
        const to = random.uniform() < hotShare ? STAR : anyoneBut(random, STAR + 1, users, author);
        return { author, to };
      },
    };
  });
}
