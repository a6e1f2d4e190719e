import { ARRIVAL_MODELS, leastSeconds, parseArrivals } from "./arrivals/registry.ts";
import type { Dials } from "./contract.ts";
import type { Dial } from "./dial.ts";
import { environmentName, expectation, isDerived, parseDial } from "./dial.ts";
import { averageRate } from "./schedule.ts";
import type { Scenario } from "./scenario.ts";

const DAY_S = 86_400;

/** Dials by their name in `Dials`. */
export type DialTable = Readonly<Record<string, Dial>>;

/** What every scenario takes. */
export const COMMON_DIALS = {
  users: {
    option: "users",
    kind: "integer",
    min: 2,
    max: 1_000_000,
    default: 500,
    meaning: "users, online and offline together",
  },
  rate: {
    option: "rate",
    kind: "number",
    min: 0,
    aboveMin: true,
    max: 1_000_000,
    default: 500,
    meaning: "messages per second, all the time; short for --arrivals constant:RATE",
  },
  arrivals: {
    option: "arrivals",
    kind: "text",
    default: "",
    meaning:
      `how messages come: ${ARRIVAL_MODELS.map(({ example }) => example).join(", ")}; ",even" behind it ` +
      "for even gaps",
  },
  durationS: {
    option: "duration",
    kind: "duration",
    min: 0,
    aboveMin: true,
    max: 7 * DAY_S,
    default: 20,
    meaning: "length of the measured phase: 500ms, 20s, 2m, 1h",
  },
  warmupS: {
    option: "warmup",
    kind: "duration",
    min: 0,
    max: DAY_S,
    default: 2,
    meaning: "the same traffic before it; its latencies are not judged, its messages are stored and counted",
  },
  seed: {
    option: "seed",
    kind: "integer",
    min: 0,
    max: 4_294_967_295,
    default: 1,
    meaning: "same seed, same traffic",
  },
  offlineShare: {
    option: "offline-share",
    kind: "number",
    min: 0,
    max: 1,
    belowMax: true,
    default: 0.1,
    meaning: "share of the users that never connect",
  },
} as const satisfies Readonly<Record<string, Dial>>;

/** Common dials that a scenario may have another default of. */
export type CommonNumber = Exclude<keyof typeof COMMON_DIALS, "arrivals">;

/** What holds when nothing else is said; a scenario's own dials have their own defaults. */
export const DEFAULT_DIALS: Dials = defaultsOf(COMMON_DIALS);

/** Every dial of a table at its default. */
export function defaultsOf<T extends DialTable>(table: T): { readonly [K in keyof T]: T[K]["default"] } {
  const rows = Object.entries(table).map(([name, dial]) => [name, dial.default]);
  return Object.fromEntries(rows) as { readonly [K in keyof T]: T[K]["default"] };
}

/** Every value as text, by option name: `{ users: "100", "hot-share": "0.4" }`; undefined counts as not given. */
export type GivenDials = Readonly<Record<string, string | undefined>>;

/**
 * Picks the scenario's dials out of an environment, in capitals: `HOT_SHARE`. Empty values and dials of other scenarios
 * are passed over.
 */
export function dialsFromEnvironment(
  scenario: Scenario,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const dial of Object.values(scenario.dials)) {
    const value = environment[environmentName(dial)];
    if (value !== undefined && value !== "") given[dial.option] = value;
  }
  return given;
}

/** The same dials as an environment for k6. What the arrivals say of the rate is not said twice. */
export function dialsToEnvironment(scenario: Scenario, dials: Dials): Record<string, string> {
  const said = Object.entries(scenario.dials).filter(([name]) => name !== "rate" || dials.arrivals === "");
  const rows = said.map(([name, dial]) => [environmentName(dial), String(dials[name] ?? dial.default)]);
  return Object.fromEntries(rows) as Record<string, string>;
}

/**
 * Fills in the scenario's dials and checks all of them.
 *
 * @returns the dials, or everything that is wrong, one sentence each
 */
export function parseDials(
  scenario: Scenario,
  given: GivenDials,
): { readonly dials: Dials } | { readonly faults: readonly string[] } {
  const faults: string[] = [];
  const values: Record<string, number | string> = {};
  const rows = Object.entries(scenario.dials);
  for (const [option, text] of Object.entries(given)) {
    if (text === undefined) continue;
    const [name, dial] = rows.find(([, row]) => row.option === option) ?? [];
    if (name === undefined || dial === undefined) {
      const options = rows.flatMap(([, row]) => (isDerived(row) ? [] : [row.option])).join(", ");
      faults.push(`${option} does not apply to ${scenario.name}, which takes ${options}.`);
      continue;
    }
    const value = parseDial(dial, text);
    if (value === null) faults.push(`${option} must be ${expectation(dial)}, not "${text}".`);
    else values[name] = value;
  }
  const defaults: Dials = { ...DEFAULT_DIALS, ...defaultsOf(scenario.dials) };
  const course = courseOf(given, { ...defaults, ...values });
  if (typeof course === "string") faults.push(course);
  const dials: Dials = { ...defaults, ...values, ...(typeof course === "object" && course) };
  if (faults.length === 0) faults.push(...scenario.faults(dials));
  return faults.length > 0 ? { faults } : { dials };
}

/**
 * What `arrivals` says of other dials: a duration where none is given, and the average rate.
 *
 * @returns what is wrong with it, one sentence
 */
function courseOf(given: GivenDials, dials: Dials): Partial<Pick<Dials, "durationS" | "rate">> | string {
  if (dials.arrivals === "") return {};
  const arrivals = parseArrivals(dials.arrivals);
  if (typeof arrivals === "string") return arrivals;
  if (given["rate"] !== undefined) return "rate and arrivals both say how fast messages come: leave one of them out.";
  if (!arrivals.isOpen) return {};
  const usualS = arrivals.usualS ?? leastSeconds(arrivals);
  const durationS = given["duration"] === undefined && usualS > 0 ? usualS : dials.durationS;
  return { durationS, rate: averageRate(arrivals, durationS) };
}
