import { defineScenario } from "../scenario.ts";
import { random } from "./random.ts";

/**
 * Even traffic for a long time: `hotshard run` watches the server's memory and the latency, and judges their trends.
 */
export const soak = defineScenario({
  name: "soak",
  story: "even random traffic for long; the trends of the server's memory and of the latency are judged",
  dials: {},
  defaults: { durationS: 1_800, warmupS: 60, rate: 200 },
  faults: ({ arrivals }) =>
    arrivals === "" || arrivals.startsWith("constant:")
      ? []
      : ["arrivals must be constant in a soak, which judges trends."],
  make: (dials) => ({ ...random.make(dials), name: "soak" }),
});
