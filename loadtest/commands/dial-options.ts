import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { nearestName } from "../stats/nearest-name.ts";
import { isDerived, type Dial } from "../traffic/dial.ts";
import type { Scenario } from "../traffic/scenario.ts";
import { KNOWN_SCENARIOS } from "../traffic/stories/known-scenarios.ts";

/** Every dial that people give, of every scenario of ours; those of one name are told of once. */
export function allDials(): Dial[] {
  const dials = KNOWN_SCENARIOS.flatMap((scenario) => Object.values(scenario.dials)).filter((dial) => !isDerived(dial));
  return [...new Map(dials.toReversed().map((dial) => [dial.option, dial])).values()].reverse();
}

/** The same by who takes them: every scenario, several, or one. */
export function dialGroups(): { readonly heading: string; readonly dials: readonly Dial[] }[] {
  const groups = new Map<string, Dial[]>();
  for (const dial of allDials()) {
    const takers = KNOWN_SCENARIOS.filter(({ dials }) =>
      Object.values(dials).some(({ option }) => option === dial.option),
    );
    const everybody = takers.length === KNOWN_SCENARIOS.length;
    const heading = everybody ? "Traffic:" : `Traffic of ${takers.map(({ name }) => name).join(", ")}:`;
    groups.set(heading, [...(groups.get(heading) ?? []), dial]);
  }
  const rows = [...groups].map(([heading, dials]) => ({ heading, dials }));
  return rows.toSorted((a, b) => Number(b.heading === "Traffic:") - Number(a.heading === "Traffic:"));
}

/**
 * Dials that only the user's own scenario has: commander could not know them. Of the environment (`HOTSHARD_BOT_SHARE`)
 * and of what commander left over, which wins.
 *
 * @throws {ConfigError} BAD_OPTIONS for anything left over that is none of its dials
 */
export function ownDials(
  command: Command,
  scenario: Scenario,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const known = new Set(command.options.map((one) => one.name()));
  const options = Object.values(scenario.dials).flatMap(({ option }) => (known.has(option) ? [] : [option]));
  const given: Record<string, string> = {};
  for (const option of options) {
    const value = environment[`HOTSHARD_${option.toUpperCase().replaceAll("-", "_")}`];
    if (value !== undefined && value !== "") given[option] = value;
  }
  const left = command.args.slice(1);
  while (left.length > 0) {
    const word = left.shift() ?? "";
    const [, option = "", inline] = /^--([a-z\d-]+)(?:=(.*))?$/su.exec(word) ?? [];
    if (!options.includes(option)) throw unknown(word, [...known, ...options]);
    const value = inline ?? left.shift();
    if (value === undefined) throw new ConfigError("BAD_OPTIONS", `--${option} needs a value`);
    given[option] = value;
  }
  return given;
}

/** Of an option that stands before the scenario, where commander takes all that follows for more of its kind. */
export function unknownFirst(word: string, command: Command): ConfigError {
  const { message } = unknown(
    word,
    command.options.map((one) => one.name()),
  );
  return new ConfigError("BAD_OPTIONS", `${message}; the dials of a scenario of your own stand behind its file`);
}

function unknown(word: string, options: readonly string[]): ConfigError {
  if (!word.startsWith("-")) return new ConfigError("BAD_OPTIONS", `"${word}" is one word too many`);
  const meant = nearestName(word.replace(/^-+/u, ""), options);
  return new ConfigError("BAD_OPTIONS", `unknown option '${word}' (did you mean --${meant}?)`);
}
