import { messagesOf } from "./asked.ts";
import type { Aim, Dials, Ground, Story } from "./contract.ts";
import type { ValueOf } from "./dial.ts";
import type { DialTable } from "./dials.ts";
import { isDerived } from "./dial.ts";
import { COMMON_DIALS, defaultsOf } from "./dials.ts";
import { anyoneBut, dealLanes, onlineUsers } from "./lanes.ts";
import { createRandom } from "../stats/random.ts";
import { createZipf } from "../stats/zipf.ts";

/** A traffic story before its dials are filled in. */
export interface Scenario {
  readonly name: string;
  /** One line for people. */
  readonly story: string;
  /** Every dial that it takes, the common ones first, with its defaults; by their names in `Dials`. */
  readonly dials: DialTable;
  /** Whether only the Node driver can drive it. */
  readonly nodeOnly: boolean;
  /** Whether the rate of the dials is not that of every second. */
  readonly changesRate: boolean;
  /** @returns what is wrong with dials that are each in range, one sentence each */
  faults(dials: Dials): string[];
  /** Whether the dials say an effect, for which `aim` has to find the values first. */
  needsAim(dials: Dials): boolean;
  /** Finds values that have the effect, or says in a sentence why there are none. */
  aim(dials: Dials, ground: Ground): Aim | { readonly fault: string };
  /** @param dials own dials that are missing have their defaults */
  make(dials: Dials): Story;
}

/** The dials of a scenario that declares `T`: the common ones and its own, typed. */
export type DialsOf<T extends DialTable> = Dials & { readonly [K in keyof T]: ValueOf<T[K]> };

const KIT = { anyoneBut, createRandom, createZipf, dealLanes, onlineUsers };

/** What stories are made with, handed to them: a file that imports nothing of the package runs in k6 too. */
export type StoryKit = typeof KIT;

/** What an author writes; `defineScenario` makes a `Scenario` of it. */
export interface ScenarioSpec<T extends DialTable> {
  /** Kebab-case. */
  readonly name: string;
  /** One line for people. */
  readonly story: string;
  /** Its own dials, by the names under which `make` gets them. */
  readonly dials: T;
  /** Where the common dials' defaults differ. */
  readonly defaults?: Partial<Record<keyof typeof COMMON_DIALS, number>>;
  /** Whether only the Node driver can drive it; k6 reads no file piece by piece. */
  readonly nodeOnly?: boolean;
  /** Whether the rate of the dials is not that of every second. */
  readonly changesRate?: boolean;
  /** Fewest users, 2 by default; fewer are refused. */
  readonly leastUsers?: number;
  /** @returns what is wrong with dials that are each in range, one sentence each */
  faults?(dials: DialsOf<T>, kit: StoryKit): string[];
  /** For dials that say an effect on the server's shards: see `Scenario`. */
  readonly aim?: {
    needed(dials: DialsOf<T>): boolean;
    at(dials: DialsOf<T>, ground: Ground): Aim | { readonly fault: string };
  };
  make(dials: DialsOf<T>, kit: StoryKit): Story;
}

/** One schema for a scenario: its options, environment, checks, help and defaults all come from here. */
export function defineScenario<const T extends DialTable>(spec: ScenarioSpec<T>): Scenario {
  const dials: DialTable = { ...commonDials(spec.defaults), ...spec.dials };
  const defaults = defaultsOf(dials);
  const fill = (given: Dials) => ({ ...defaults, ...given }) as DialsOf<T>;
  return {
    name: spec.name,
    story: spec.story,
    dials,
    nodeOnly: spec.nodeOnly === true,
    changesRate: spec.changesRate === true,
    faults(given) {
      const faults = [...crowdFaults(given, spec.leastUsers ?? 2), ...rateFaults(given, spec.changesRate === true)];
      return faults.length > 0 ? faults : (spec.faults?.(fill(given), KIT) ?? []);
    },
    needsAim: (given) => spec.aim?.needed(fill(given)) === true,
    aim: (given, ground) => spec.aim?.at(fill(given), ground) ?? { dials: given, maxOverMean: null },
    make: (given) => spec.make(fill(given), KIT),
  };
}

/** What a result says of the dials: each of the scenario's, in the table's order; without empty and derived ones. */
export function recordedDials(scenario: Scenario, dials: Dials): Record<string, number | string> {
  const shown = Object.entries(scenario.dials).filter(([, dial]) => !isDerived(dial));
  const rows = shown.map(([name, dial]) => [name, dials[name] ?? dial.default] as const);
  return Object.fromEntries(rows.filter(([, value]) => value !== ""));
}

function commonDials(defaults: ScenarioSpec<DialTable>["defaults"] = {}): DialTable {
  const rows = Object.entries(COMMON_DIALS).map(([name, dial]) => {
    const other = defaults[name as keyof typeof COMMON_DIALS];
    return [name, other === undefined ? dial : { ...dial, default: other }];
  });
  return Object.fromEntries(rows) as DialTable;
}

function crowdFaults(dials: Dials, least: number): string[] {
  const faults: string[] = [];
  if (dials.users < least) faults.push(`users must be at least ${least}, not ${dials.users}.`);
  if (onlineUsers(dials) < 2) {
    faults.push(`users and offline-share leave ${onlineUsers(dials)} user online; at least 2 must be.`);
  }
  return faults;
}

/** A story with a pace of its own says itself how many messages it holds. */
function rateFaults(dials: Dials, changesRate: boolean): string[] {
  if (changesRate || messagesOf(dials).measured > 0) return [];
  return [`rate and duration make no message: ${dials.rate} a second for ${dials.durationS} s. Raise one of them.`];
}
