import type { Dials, Story } from "../contract.ts";
import { anyoneBut, dealLanes, onlineUsers } from "../lanes.ts";

/** Every online user writes equally often, to anybody but itself: `offlineShare` of the recipients never connect. */
export function randomStory(dials: Dials): Story {
  const { users, rate } = dials;
  const online = onlineUsers(dials);
  return {
    name: "random",
    online,
    users,
    askedShare: null,
    isHot: () => false,
    lanes: () =>
      dealLanes(dials, ({ size, user, random }) => ({
        rate: (rate * size) / online,
        draw() {
          const author = user(random.below(size));
          return { author, to: anyoneBut(random, 1, users, author) };
        },
      })),
  };
}
