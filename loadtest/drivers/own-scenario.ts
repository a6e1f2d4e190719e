import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../../server/config-error.ts";
import { KNOWN_SCENARIOS } from "../traffic/stories/known-scenarios.ts";
import { expectation, parseDial, type Dial } from "../traffic/dial.ts";
import type { Dials, Story } from "../traffic/contract.ts";
import { COMMON_DIALS, type DialTable } from "../traffic/dials.ts";
import { defineScenario, type Scenario, type ScenarioSpec } from "../traffic/scenario.ts";
import { addScenario, findScenario } from "../traffic/stories/registry.ts";

/** Whether a reference names a file rather than a scenario of ours. */
export function isScenarioFile(reference: string): boolean {
  return /[/\\]|\.[cm]?[jt]s$/u.test(reference);
}

/**
 * The scenario of a name, or of the user's own file, whose default export is a `ScenarioSpec`. Afterwards
 * `findScenario` knows it under the same reference, in this process; a file's story is tried out whenever it is made
 * (BAD_SCENARIO).
 *
 * @throws {ConfigError} NO_SUCH_SCENARIO, BAD_SCENARIO with everything that is wrong with the file
 */
export async function loadScenario(reference: string): Promise<Scenario> {
  const known = findScenario(reference);
  if (known !== undefined) return known;
  const ours = KNOWN_SCENARIOS.find(({ name }) => name === reference);
  if (ours !== undefined) {
    addScenario(reference, ours);
    return ours;
  }
  if (!isScenarioFile(reference)) {
    const names = KNOWN_SCENARIOS.map((one) => one.name).join(", ");
    const remedy = "or give the path of a file with your own";
    throw new ConfigError("NO_SUCH_SCENARIO", `there is no scenario "${reference}"; there are ${names}, ${remedy}`);
  }
  const spec = await readSpec(reference);
  const make: typeof spec.make = (dials, kit) => checkedStory(reference, dials, () => spec.make(dials, kit));
  const scenario = defineScenario({ ...spec, make });
  addScenario(reference, scenario);
  return scenario;
}

async function readSpec(reference: string): Promise<ScenarioSpec<DialTable>> {
  const path = resolve(reference);
  if (!existsSync(path)) throw new ConfigError("NO_SUCH_SCENARIO", `there is no file ${reference}`);
  const exported = await importDefault(reference, path);
  const faults = specFaults(exported);
  if (faults.length > 0) throw new ConfigError("BAD_SCENARIO", `${reference}: ${faults.join("; ")}`);
  return exported as ScenarioSpec<DialTable>;
}

async function importDefault(reference: string, path: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const old = /\.[cm]?ts$/u.test(path) && !process.features.typescript;
    const remedy = old ? `; Node ${process.version} reads no TypeScript: use 22.18 or newer, or write JavaScript` : "";
    const inPackage = path.includes("/node_modules/")
      ? "; Node reads no TypeScript in node_modules: copy the file out"
      : "";
    throw new ConfigError(
      "BAD_SCENARIO",
      `${reference} cannot be loaded (${reason.split("\n", 1)[0]})${remedy}${inPackage}`,
    );
  }
}

function specFaults(spec: unknown): string[] {
  if (typeof spec !== "object" || spec === null)
    return ["export the scenario as default: { name, story, dials, make }"];
  const { name, story, dials, make } = spec as Partial<Record<keyof ScenarioSpec<DialTable>, unknown>>;
  const faults: string[] = [];
  if (typeof name !== "string" || !/^[a-z][a-z\d]*(?:-[a-z\d]+)*$/u.test(name)) {
    faults.push("name must be words in small letters, joined by hyphens");
  } else if (KNOWN_SCENARIOS.some((one) => one.name === name)) faults.push(`name: ${name} is one of hotshard's own`);
  if (typeof story !== "string") faults.push("story must be a line of text");
  if (typeof make !== "function") faults.push("make must be a function of the dials");
  if (typeof dials !== "object" || dials === null) faults.push("dials must be an object, {} for none");
  else faults.push(...tableFaults(dials as Readonly<Record<string, unknown>>));
  return faults;
}

/** Messages of each lane that are looked at before a run. */
const TRIED = 100;

/**
 * @throws {ConfigError} BAD_SCENARIO for a story that cannot be made or is none, and for a message that nobody can send
 */
function checkedStory(reference: string, dials: Dials, make: () => unknown): Story {
  try {
    const story = make();
    const fault = storyFault(story, dials);
    if (fault !== null) throw new ConfigError("BAD_SCENARIO", `${reference}: ${fault}`);
    return story as Story;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError("BAD_SCENARIO", `${reference}: make failed (${reason.split("\n", 1)[0]})`);
  }
}

function storyFault(story: unknown, { users }: Dials): string | null {
  const { lanes, isHot, online, askedShare, windows = [], maxErrors = 0 } = Object(story) as Partial<Story>;
  if (typeof lanes !== "function" || typeof isHot !== "function" || askedShare === undefined) {
    return "make must return { name, online, users, askedShare, isHot, lanes }";
  }
  if (!(Number.isInteger(online) && online! >= 1 && online! <= users))
    return `online must be 1 to users, not ${online}`;
  if (!(maxErrors >= 0 && maxErrors <= 1)) return `maxErrors must be 0 to 1, not ${maxErrors}`;
  const overlap = windows.findIndex(
    ({ fromS, untilS }, i) => !(fromS < untilS && fromS >= (windows[i - 1]?.untilS ?? 0)),
  );
  if (overlap >= 0)
    return `windows must follow each other without overlap: look at the one named ${windows[overlap]?.name}`;
  for (const lane of lanes()) {
    if (!(Number.isFinite(lane.rate) && lane.rate >= 0))
      return `the rate of a lane must be 0 or more, not ${lane.rate}`;
    for (let tried = 0; tried < TRIED; tried += 1) {
      const send = lane.next();
      if (send === null) break;
      const { user: author, target: to } = send;
      const shown = `draw gave author ${author}, to ${to}`;
      if (!lane.hasAuthor(author)) return `${shown}: the author must be one of the lane's own users`;
      if (!(Number.isInteger(to) && to >= 1 && to <= users)) return `${shown}: whom to must be 1 to users, ${users}`;
      if (to === author) return `${shown}: nobody writes to themselves`;
    }
  }
  return null;
}

/** Words that `hotshard run`, its environment or the k6 script read before any dial. */
const TAKEN = new Set(
  (
    "driver generators prometheus url out fail-on stop-when max-errors json json-lines check open help log shards queue-rows " +
    "placement topology data add failover dead-ms well-ms " +
    "secret dev lines summary trends connect drain generator cut max-lag-ms operations run-id shard-labels start-at vus"
  ).split(" "),
);

function tableFaults(dials: Readonly<Record<string, unknown>>): string[] {
  const common = new Map(Object.entries(COMMON_DIALS).map(([name, { option }]) => [option as string, name]));
  const named = new Set<string>();
  return Object.entries(dials).flatMap(([name, dial]) => {
    if (typeof dial !== "object" || dial === null) return [`dials.${name} must be an object: { option, kind, … }`];
    const { option = "" } = dial as Partial<Dial>;
    const faults = dialFaults(name, dial);
    const taken = (why: string) => faults.push(`dials.${name}.option: --${option} ${why}; choose another word`);
    if (TAKEN.has(option)) taken("is an option or a setting of hotshard itself");
    else if (named.has(option)) taken("is named twice");
    else if ((common.get(option) ?? name) !== name) taken("is a dial of every scenario");
    named.add(option);
    return faults;
  });
}

function dialFaults(name: string, dial: Partial<Dial>): string[] {
  const faults: string[] = [];
  const say = (what: string) => faults.push(`dials.${name}.${what}`);
  if (!/^[a-z][a-z\d]*(?:-[a-z\d]+)*$/u.test(dial.option ?? "")) say("option must be like `bot-share`");
  if (typeof dial.meaning !== "string") say("meaning must say in a few words what it does");
  const kinds = ["integer", "number", "duration", "choice", "text"];
  if (!kinds.includes(dial.kind ?? "")) say(`kind must be one of ${kinds.join(", ")}`);
  else if (dial.kind === "choice" && !Array.isArray(dial.choices)) say("choices must be a list of texts");
  else if (isNumeric(dial) && !(typeof dial.min === "number" && typeof dial.max === "number")) {
    say("min and max must be numbers");
  } else if (dial.default === undefined || parseDial(dial as Dial, String(dial.default)) === null) {
    say(`default must be ${expectation(dial as Dial)}`);
  }
  return faults;
}

function isNumeric(dial: Partial<Dial>): dial is Partial<Extract<Dial, { min: number }>> {
  return dial.kind === "integer" || dial.kind === "number" || dial.kind === "duration";
}
