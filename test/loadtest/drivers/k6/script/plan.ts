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
  { scenario: "lady-gaga", seed: 9, users: 40, ...course("constant:300,even", 300) },
  { scenario: "random", seed: 10, users: 60, ...course("ramp:10..700/2s", 355), durationS: 2 },
  { scenario: "zipf", seed: 11, users: 60, keys: 900, ...course("ramp:700..0/2s,even", 350), durationS: 2 },
  { scenario: "random", seed: 12, users: 60, ...course("steps:100,0,900/500ms", 333), durationS: 1.5, warmupS: 0.2 },
  { scenario: "lady-gaga", seed: 13, users: 60, ...course("steps:50,70/1s,even", 60), durationS: 2 },
  { scenario: "random", seed: 14, users: 60, ...course("spike:20..2000/200ms@1s", 236), durationS: 2, warmupS: 0.1 },
  { scenario: "random", seed: 15, users: 60, ...course("spike:20..2000/200ms@1s,even", 236), durationS: 2 },
  { scenario: "lady-gaga", seed: 16, users: 60, ...course("closed:7/think=30ms", 500) },
  { scenario: "random", seed: 17, users: 60, ...course("closed:5/think=0.02s,even", 500), durationS: 1, warmupS: 0 },
  { scenario: "zipf", seed: 18, users: 60, keys: 900, ...course("closed:1/think=0ms", 500) },
] as const;

function course(arrivals: string, rate: number) {
  return { arrivals, rate };
}

/** Answers of a closed model come after so many milliseconds, one longer than the other. */
const ANSWER_MS = [3, 40, 1, 12] as const;

/** The first messages of a closed lane, each answered when the clock is there. */
function playLoop(lane: Lane, loop: NonNullable<Lane["loop"]>): unknown[] {
  const answers: number[] = [];
  const sends: unknown[] = [];
  while (sends.length < SENDS) {
    const next = Math.min(...answers);
    const due = loop.dueAt();
    if (Math.min(next, due) === Infinity) break;
    if (next <= due) {
      answers.splice(answers.indexOf(next), 1);
      loop.answered(next);
    } else {
      const { at, user: author, target: to } = lane.next()!;
      sends.push([wordsOf(at), author, to]);
      answers.push(at + ANSWER_MS[sends.length % ANSWER_MS.length]!);
    }
  }
  return sends;
}

function sendOf(lane: Lane): unknown {
  const send = lane.next();
  return send === null ? null : [wordsOf(send.at), send.user, send.target];
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
      const sends =
        lane.loop === undefined ? Array.from({ length: SENDS }, () => sendOf(lane)) : playLoop(lane, lane.loop);
      return { rate: wordsOf(lane.rate), counts, users, sends };
    });
  });
}
