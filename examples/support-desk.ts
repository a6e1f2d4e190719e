import type { DialsOf, ScenarioSpec } from "hotshard";

/** Dials of this story; `hotshard run examples/support-desk.ts --agents 3`, `k6 … -e AGENTS=3`. */
const dials = {
  agents: { option: "agents", kind: "integer", min: 1, max: 100, default: 5, meaning: "users who answer everybody" },
  answerShare: {
    option: "answer-share",
    kind: "number",
    min: 0,
    max: 1,
    default: 0.4,
    meaning: "share of the messages that agents write",
  },
} as const;

/** Customers write to one of a few agents, who answer: many dialogs, few of them quiet, none hot. */
export default {
  name: "support-desk",
  story: "customers write to one of a few agents, who answer",
  dials,
  faults: ({ agents, users, offlineShare }, kit) =>
    kit.onlineUsers({ users, offlineShare }) > agents ? [] : ["agents must be fewer than the users online."],
  make(given: DialsOf<typeof dials>, kit) {
    const { agents, answerShare, rate } = given;
    const online = kit.onlineUsers(given);
    return {
      name: "support-desk",
      online,
      users: given.users,
      askedShare: null,
      isHot: () => false,
      lanes: () =>
        // Each lane sends for its own users only: agents are users 1…agents, dealt to the lanes like everybody.
        kit.dealLanes(given, ({ size, user, random }) => {
          const own = Array.from({ length: size }, (_, k) => user(k));
          const desk = own.filter((one) => one <= agents);
          const crowd = own.filter((one) => one > agents);
          const answers = (rate * answerShare * desk.length) / agents;
          const questions = (rate * (1 - answerShare) * crowd.length) / (online - agents);
          const customer = () => agents + 1 + random.below(online - agents);
          return {
            rate: answers + questions,
            draw: () =>
              random.uniform() * (answers + questions) < answers
                ? { author: desk[random.below(desk.length)]!, to: customer() }
                : { author: crowd[random.below(crowd.length)]!, to: 1 + random.below(agents) },
          };
        }),
    };
  },
} satisfies ScenarioSpec<typeof dials>;
