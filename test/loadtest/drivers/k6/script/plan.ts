import type { Lane } from "../../../../../loadtest/traffic/contract.ts";
import { DEFAULT_DIALS } from "../../../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../../../loadtest/traffic/stories/registry.ts";

const SENDS = 60;
const CASES = [
  { scenario: "random", seed: 1, users: 500 },
  { scenario: "random", seed: 4_294_967_295, users: 7 },
  { scenario: "lady-gaga", seed: 1, users: 500 },
  { scenario: "lady-gaga", seed: 2, users: 500 },
  { scenario: "lady-gaga", seed: 1, users: 40, mode: "inbox" },
  { scenario: "zipf", seed: 3, users: 500 },
  { scenario: "zipf", seed: 4, users: 60, zipf: 1.7, keys: 900, headPlaces: "70,,71" },
  { scenario: "random", seed: 6, users: 30, rate: 40, warmupS: 1, durationS: 10 },
  { scenario: "random", seed: 7, users: 90, rate: 250_000 },
  { scenario: "flash-crowd", seed: 8, users: 50, rate: 10, warmupS: 1, durationS: 8, burst: 5 },
  { scenario: "flash-crowd", seed: 5, users: 300, burstAtS: 0.05, riseS: 0.2, rate: 2_000 },
] as const;

function sendOf(lane: Lane): unknown {
  const send = lane.next();
  return send === null ? null : [wordsOf(send.at), send.author, send.to];
}

/** The two halves of a double: k6's engine writes some numbers with a last digit that another double has. */
function wordsOf(value: number): number[] {
  return [...new Uint32Array(new Float64Array([value]).buffer)];
}

/** For every case: the online users of each lane, how many messages it holds, and the first ones. Runs in Node and in k6. */
export function plans(): unknown[] {
  return CASES.map(({ scenario, ...dials }) => {
    const story = findScenario(scenario)!.make({ ...DEFAULT_DIALS, ...dials });
    return story.lanes().map((lane) => {
      const users = Array.from({ length: story.online }, (_, index) => index + 1).filter((user) =>
        lane.hasAuthor(user),
      );
      const counts = lane.phases?.map(({ messages }) => messages) ?? null;
      return { rate: wordsOf(lane.rate), counts, users, sends: Array.from({ length: SENDS }, () => sendOf(lane)) };
    });
  });
}
