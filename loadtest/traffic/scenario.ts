import { arrivalsOf, leastSeconds } from "./arrivals/registry.ts";
import { timeInWords } from "./arrivals/values.ts";
import { messagesOf } from "./asked.ts";
import type { Aim, Dials, Ground, Story } from "./contract.ts";
import type { ValueOf } from "./dial.ts";
import type { DialTable } from "./dials.ts";
import { isDerived } from "./dial.ts";
import { COMMON_DIALS, defaultsOf, type CommonNumber } from "./dials.ts";
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
  readonly defaults?: Partial<Record<CommonNumber, number>>;
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
  const changesRate = spec.changesRate === true;
  const dials: DialTable = { ...commonDials(spec.defaults, changesRate), ...spec.dials };
  const defaults = defaultsOf(dials);
  const fill = (given: Dials) => ({ ...defaults, ...given }) as DialsOf<T>;
  return {
    name: spec.name,
    story: spec.story,
    dials,
    nodeOnly: spec.nodeOnly === true,
    changesRate,
    faults(given) {
      const faults = [...crowdFaults(given, spec.leastUsers ?? 2), ...(changesRate ? [] : rateFaults(given))];
      if (faults.length > 0) return faults;
      const own = spec.faults?.(fill(given), KIT) ?? [];
      // The story of a scenario of one's own may have a pace of its own without saying so beforehand.
      const ignores = own.length === 0 && given.arrivals !== "" && spec.make(fill(given), KIT).expected !== undefined;
      return ignores ? [`arrivals does not apply to ${spec.name}, which has a pace of its own.`] : own;
    },
    needsAim: (given) => spec.aim?.needed(fill(given)) === true,
    aim: (given, ground) => spec.aim?.at(fill(given), ground) ?? { dials: given, maxOverMean: null },
    make: (given) => spec.make(fill(given), KIT),
  };
}

/**
 * What a result says of the dials: each of the scenario's, in the table's order; without empty and derived ones, and
 * without a rate where it is a result.
 */
export function recordedDials(scenario: Scenario, dials: Dials): Record<string, number | string> {
  const hasRate = scenario.changesRate || arrivalsOf(dials).isOpen;
  const shown = Object.entries(scenario.dials).filter(
    ([name, dial]) => !isDerived(dial) && (hasRate || name !== "rate"),
  );
  const rows = shown.map(([name, dial]) => [name, dials[name] ?? dial.default] as const);
  return Object.fromEntries(rows.filter(([, value]) => value !== ""));
}

/** A scenario with a pace of its own takes no arrivals. */
function commonDials(defaults: ScenarioSpec<DialTable>["defaults"] = {}, changesRate: boolean): DialTable {
  const taken = Object.entries(COMMON_DIALS).filter(([name]) => !changesRate || name !== "arrivals");
  const rows = taken.map(([name, dial]) => {
    const other = defaults[name as CommonNumber];
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

/** What is wrong with the arrivals, or with the time for them. */
function rateFaults(dials: Dials): string[] {
  const arrivals = arrivalsOf(dials);
  if (!arrivals.isOpen) return [];
  const least = leastSeconds(arrivals);
  // What is left of a sum of seconds after their difference.
  if (dials.durationS < least * (1 - 1e-9)) {
    const [has, needs] = [dials.durationS, least].map(timeInWords);
    return [
      `duration ends after ${has}, and the arrivals need ${needs} (${arrivals.words}): give no duration, or ${least}s.`,
    ];
  }
  if (messagesOf(dials).measured > 0) return [];
  return [`rate and duration make no message: ${dials.rate} a second for ${dials.durationS} s. Raise one of them.`];
}
