import { anyoneBut, dealLanes, onlineUsers } from "../lanes.ts";
import { defineScenario } from "../scenario.ts";

/** Every online user writes equally often, to anybody but itself: `offlineShare` of the recipients never connect. */
export const random = defineScenario({
  name: "random",
  story: "authors pick recipients at random; some recipients are offline",
  dials: {},
  make(dials) {
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
  },
});
