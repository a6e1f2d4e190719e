/** One dial as people give it. Options, environment, help, `hotshard scenarios` and checks all read this row. */
export type Dial = NumberDial | ChoiceDial | TextDial;

interface DialRow {
  /** Without the dashes: `hot-share` on the command line, `HOT_SHARE` in the environment. */
  readonly option: string;
  /** For people, in a few words. */
  readonly meaning: string;
}

export interface NumberDial extends DialRow {
  /** A `duration` is given as `500ms`, `20s`, `2m` or `1h` and kept in seconds. */
  readonly kind: "integer" | "number" | "duration";
  readonly min: number;
  readonly max: number;
  /** Whether `min` (`max`) itself is refused. */
  readonly aboveMin?: boolean;
  readonly belowMax?: boolean;
  readonly default: number;
}

export interface ChoiceDial extends DialRow {
  readonly kind: "choice";
  readonly choices: readonly string[];
  readonly default: string;
}

/** A name, a path, a list: anything that the story itself reads. */
export interface TextDial extends DialRow {
  readonly kind: "text";
  /** Worked out from other dials by `aim`, and passed on to generators; not for people to give or read. */
  readonly derived?: boolean;
  readonly default: string;
}

export function isDerived(dial: Dial): boolean {
  return dial.kind === "text" && dial.derived === true;
}

/** The value of a dial, in the story's hands. */
export type ValueOf<T extends Dial> = T extends NumberDial
  ? number
  : T extends ChoiceDial
    ? T["choices"][number]
    : string;

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, "": 1 };

/** @returns seconds of `500ms`, `20s`, `2m`, `1.5h` or a bare number of seconds; NaN when it is none of these */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text.trim());
  return match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
}

/** @returns 0…1 of `0.1%`, `0.1 %` or `0.001`; NaN when it is no share */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === "%" ? 100 : 1);
  return value <= 1 ? value : Number.NaN;
}

/** @returns the name in an environment: `HOT_SHARE` */
export function environmentName(dial: Dial): string {
  return dial.option.toUpperCase().replaceAll("-", "_");
}

/** @returns the value, or null when the text is none */
export function parseDial(dial: Dial, text: string): number | string | null {
  if (dial.kind === "text") return text;
  if (dial.kind === "choice") return dial.choices.includes(text) ? text : null;
  const value = dial.kind === "duration" ? parseDuration(text) : text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < dial.min || value > dial.max) return null;
  if (dial.kind === "integer" && !Number.isInteger(value)) return null;
  if ((dial.aboveMin && value === dial.min) || (dial.belowMax && value === dial.max)) return null;
  return value;
}

const NOUNS = { integer: "a whole number", number: "a number", duration: "a duration like 20s or 2m" } as const;

/** What the dial takes, in words that follow `must be`. */
export function expectation(dial: Dial): string {
  if (dial.kind === "text") return "text";
  if (dial.kind === "choice") {
    const [last = "", ...others] = dial.choices.toReversed();
    return others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`;
  }
  const low = dial.aboveMin ? `above ${dial.min}` : `at least ${dial.min}`;
  const high = dial.belowMax ? `below ${dial.max}` : `at most ${dial.max}`;
  return `${NOUNS[dial.kind]}, ${low} and ${high}${dial.kind === "duration" ? " seconds" : ""}`;
}
