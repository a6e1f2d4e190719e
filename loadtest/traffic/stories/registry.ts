import type { Dials, Story } from "../contract.ts";
import type { DialName } from "../dials.ts";
import { onlineUsers } from "../lanes.ts";
import { ladyGagaStory } from "./lady-gaga.ts";
import { randomStory } from "./random.ts";

/** A traffic story before its dials are filled in. */
export interface Scenario {
  readonly name: string;
  /** One line for people. */
  readonly story: string;
  /** The dials that it listens to. */
  readonly dials: readonly DialName[];
  /** Where they differ from `DEFAULT_DIALS`. */
  readonly defaults: Partial<Dials>;
  /** @returns what is wrong with dials that are each in range, one sentence each */
  faults(dials: Dials): string[];
  make(dials: Dials): Story;
}

const COMMON: readonly DialName[] = ["users", "rate", "durationS", "warmupS", "seed", "offlineShare"];

function crowdFaults(dials: Dials, least: number): string[] {
  const faults: string[] = [];
  if (dials.users < least) faults.push(`users must be at least ${least}, not ${dials.users}.`);
  if (onlineUsers(dials) < 2) {
    faults.push(`users and offline-share leave ${onlineUsers(dials)} user online; at least 2 must be.`);
  }
  return faults;
}

/** Every scenario; a new one is a file beside this and a row here. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "random",
    story: "authors pick recipients at random; some recipients are offline",
    dials: COMMON,
    defaults: { hotShare: 0 },
    faults: (dials) => crowdFaults(dials, 2),
    make: randomStory,
  },
  {
    name: "lady-gaga",
    story: "random traffic plus one hot dialog (or one star's inbox) with a share of all messages",
    dials: [...COMMON, "hotShare", "mode"],
    defaults: {},
    faults: (dials) => crowdFaults(dials, 3),
    make: ladyGagaStory,
  },
];

/** @returns the scenario of that name, or undefined */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
