import type { Dials } from "./contract.ts";
import type { Scenario } from "./stories/registry.ts";

export const DIAL_NAMES = [
  "users",
  "rate",
  "durationS",
  "warmupS",
  "seed",
  "offlineShare",
  "hotShare",
  "mode",
] as const satisfies readonly (keyof Dials)[];

export type DialName = (typeof DIAL_NAMES)[number];

/** One dial as people give it. */
interface DialRow {
  /** Without the dashes: `hot-share` on the command line, `HOT_SHARE` in the environment. */
  readonly option: string;
  readonly kind: "integer" | "number" | "duration" | "mode";
  readonly min: number;
  readonly max: number;
  /** Whether `min` (`max`) itself is refused. */
  readonly aboveMin?: boolean;
  readonly belowMax?: boolean;
  readonly meaning: string;
}

const DAY_S = 86_400;

/** Every dial of every scenario: options, environment, help and checks all read this table. */
export const DIALS: Readonly<Record<DialName, DialRow>> = {
  users: { option: "users", kind: "integer", min: 2, max: 1_000_000, meaning: "users, online and offline together" },
  rate: { option: "rate", kind: "number", min: 0, aboveMin: true, max: 1_000_000, meaning: "messages per second" },
  durationS: {
    option: "duration",
    kind: "duration",
    min: 0,
    aboveMin: true,
    max: 7 * DAY_S,
    meaning: "length of the measured phase: 500ms, 20s, 2m, 1h",
  },
  warmupS: {
    option: "warmup",
    kind: "duration",
    min: 0,
    max: DAY_S,
    meaning: "the same traffic before it, not judged",
  },
  seed: { option: "seed", kind: "integer", min: 0, max: 4_294_967_295, meaning: "same seed, same traffic" },
  offlineShare: {
    option: "offline-share",
    kind: "number",
    min: 0,
    max: 1,
    belowMax: true,
    meaning: "share of the users that never connect",
  },
  hotShare: {
    option: "hot-share",
    kind: "number",
    min: 0,
    max: 1,
    belowMax: true,
    meaning: "share of the messages that the hot dialog or inbox gets",
  },
  mode: {
    option: "mode",
    kind: "mode",
    min: 0,
    max: 0,
    meaning: "`dialog` (two users) or `inbox` (a crowd writes to one)",
  },
};

/** What holds when nothing else is said. */
export const DEFAULT_DIALS: Dials = {
  users: 500,
  rate: 500,
  durationS: 20,
  warmupS: 2,
  seed: 1,
  offlineShare: 0.1,
  hotShare: 0.4,
  mode: "dialog",
};

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, "": 1 };

/** @returns seconds of `500ms`, `20s`, `2m`, `1.5h` or a bare number of seconds; NaN when it is none of these */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text.trim());
  return match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
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
  for (const name of scenario.dials) {
    const { option } = DIALS[name];
    const value = environment[option.toUpperCase().replaceAll("-", "_")];
    if (value !== undefined && value !== "") given[option] = value;
  }
  return given;
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
  const numbers = new Map<DialName, number>();
  let mode: Dials["mode"] | undefined;
  for (const [option, text] of Object.entries(given)) {
    if (text === undefined) continue;
    const name = DIAL_NAMES.find((candidate) => DIALS[candidate].option === option);
    if (name === undefined) {
      faults.push(`${option} is not a dial; ${scenario.name} takes ${optionsOf(scenario)}.`);
    } else if (!scenario.dials.includes(name)) {
      faults.push(`${option} does not apply to ${scenario.name}, which takes ${optionsOf(scenario)}.`);
    } else if (name === "mode" && (text === "dialog" || text === "inbox")) {
      mode = text;
    } else {
      const value = parseNumber(DIALS[name], text);
      if (value === null) faults.push(`${option} must be ${expectation(DIALS[name])}, not "${text}".`);
      else numbers.set(name, value);
    }
  }
  const number = (name: Exclude<DialName, "mode">) =>
    numbers.get(name) ?? scenario.defaults[name] ?? DEFAULT_DIALS[name];
  const dials: Dials = {
    users: number("users"),
    rate: number("rate"),
    durationS: number("durationS"),
    warmupS: number("warmupS"),
    seed: number("seed"),
    offlineShare: number("offlineShare"),
    hotShare: number("hotShare"),
    mode: mode ?? scenario.defaults.mode ?? DEFAULT_DIALS.mode,
  };
  if (faults.length === 0) faults.push(...scenario.faults(dials));
  return faults.length > 0 ? { faults } : { dials };
}

function parseNumber(row: DialRow, text: string): number | null {
  const value = row.kind === "duration" ? parseDuration(text) : text.trim() === "" ? Number.NaN : Number(text);
  if (row.kind === "mode" || !Number.isFinite(value) || value < row.min || value > row.max) return null;
  if (row.kind === "integer" && !Number.isInteger(value)) return null;
  if ((row.aboveMin && value === row.min) || (row.belowMax && value === row.max)) return null;
  return value;
}

function expectation(row: DialRow): string {
  if (row.kind === "mode") return "dialog or inbox";
  const low = row.aboveMin ? `above ${row.min}` : `at least ${row.min}`;
  const high = row.belowMax ? `below ${row.max}` : `at most ${row.max}`;
  const kind =
    row.kind === "integer" ? "a whole number" : row.kind === "duration" ? "a duration like 20s or 2m" : "a number";
  return `${kind}, ${low} and ${high}${row.kind === "duration" ? " seconds" : ""}`;
}

function optionsOf(scenario: Scenario): string {
  return scenario.dials.map((name) => DIALS[name].option).join(", ");
}
