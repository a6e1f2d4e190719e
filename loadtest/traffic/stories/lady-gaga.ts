import type { Lane } from "../contract.ts";
import { anyoneBut, dealLanes, onlineUsers } from "../lanes.ts";
import type { DialsOf } from "../scenario.ts";
import { defineScenario } from "../scenario.ts";

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
