import { Option, type Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { STOP_WHEN, type StopWhen } from "../analysis/result/run-evidence.ts";
import { parseThresholds } from "../analysis/thresholds/threshold.ts";
import { equip, readEquipment, type Equipment } from "../drivers/equipment.ts";
import { rateWarning } from "../drivers/rate-warning.ts";
import { chooseDriver, driversNamed } from "../drivers/registry.ts";
import { EXIT, exitCodeOf } from "../run/exit-code.ts";
import { onInterrupt } from "./interrupt.ts";
import { loadScenario } from "../drivers/own-scenario.ts";
import { executeRun } from "../run/run.ts";
import { freshFolder } from "../run/folders.ts";
import { sharedSecret } from "../run/secret.ts";
import { faultOfServerArgs } from "../run/own-server.ts";
import { createServerClient } from "../run/server-client.ts";
import type { Dials } from "../traffic/contract.ts";
import { arrivalsOf, peakRate } from "../traffic/arrivals/registry.ts";
import { parseShare } from "../traffic/dial.ts";
import { parseDials } from "../traffic/dials.ts";
import type { Scenario } from "../traffic/scenario.ts";
import { KNOWN_SCENARIOS } from "../traffic/stories/known-scenarios.ts";
import { shellCommand } from "../system/command-line.ts";
import { allDials, dialGroups, ownDials, unknownFirst } from "./dial-options.ts";
import { createRunOutput, type OutputKind } from "./run-output.ts";

/** Options that an own server is started with; `hotshard serve` explains them. */
const SERVER_OPTIONS = {
  shards: "how many SQLite shards, or shard URLs; ?commitMs=20&maxRows=50 shapes them",
  "queue-rows": "most rows that wait for one shard; beyond it messages are refused",
  placement: "slots, ring:virtualNodes=1, …",
  topology: "topology file (JSON)",
  data: "folder that keeps the shards after the run",
  failover: "auto, advise or off: whether a shard that does not answer is taken out of the topology",
  "dead-ms": "a shard is taken for dead when it does not answer for so long, ms",
  "well-ms": "a shard that was taken out comes back when it has answered for so long, ms",
} as const;

const ENVIRONMENT =
  "\nEvery option that takes a value has an environment variable: HOTSHARD_HOT_SHARE\nfor --hot-share. " +
  "Options win. `hotshard scenarios` lists dials with defaults.";

/** By flag, without the dashes; `json` has no value. */
type Given = Readonly<Record<string, string | undefined>>;

/** `hotshard run SCENARIO`: one run, its verdict, and its folder. */
export function addRun(program: Command, finish: (code: number) => void): void {
  const command = program
    .command("run")
    .summary("drive one scenario and judge it")
    .description(`Drives one scenario and judges it. Scenarios: ${KNOWN_SCENARIOS.map((one) => one.name).join(", ")}.`)
    .argument("<scenario>", "a name, or the file of your own scenario")
    // Dials of the user's own scenario are known only when its file is read.
    .allowUnknownOption()
    .allowExcessArguments()
    .addOption(option("driver", "auto, node or k6; auto takes k6 when it is installed").default("auto"))
    .addOption(option("generators", "processes on this machine that share the schedule out, 1 to 16"))
    .addOption(option("prometheus", "address of a Prometheus that the generators write to, http://127.0.0.1:9090"))
    .addOption(option("url", "chat of a running server, ws://127.0.0.1:8086/chat; without it an own one is started"))
    .addOption(
      option("add", "URL of an empty database that reshard, or shard-loss in the end, adds; new: a SQLite file"),
    )
    .addOption(option("out", "folder for the result"))
    .addOption(failOn())
    .addOption(
      option(
        "stop-when",
        "end early: lost, when a threshold is missed whatever the rest; known, also when all are clear",
      ),
    )
    .addOption(option("log", "share of the dialogs, 1 or 10%, whose operations are kept in operations-00.ndjson.gz"))
    .addOption(option("max-errors", "share of the messages that may fail, 0.1% by default; beyond it exit 1"))
    .option("--json", "print the result document on stdout")
    .option("--json-lines", "print one JSON object a line: start, progress each second, result")
    .option("--check", "check the options, and stop")
    .option("--open", "open the report in the browser");
  for (const { heading, dials } of dialGroups()) {
    for (const dial of dials) command.addOption(option(dial.option, dial.meaning).helpGroup(heading));
  }
  for (const [name, meaning] of Object.entries(SERVER_OPTIONS)) {
    command.addOption(option(name, meaning).helpGroup("Its own server:"));
  }
  command.addHelpText("after", ENVIRONMENT).action(async (scenario: string) => finish(await run(scenario, command)));
}

function option(name: string, meaning: string): Option {
  return new Option(`--${name} <value>`, meaning).env(`HOTSHARD_${name.replaceAll("-", "_").toUpperCase()}`);
}

/** May be given more than once; in the environment, with commas. */
function failOn(): Option {
  return option("fail-on", "exit 1 unless it holds: 'delivery.p99<50ms', 'skew.maxOverMean<1.3'; repeatable").argParser(
    (text: string, before: readonly string[] | undefined) => [...(before ?? []), ...text.split(",")],
  );
}

/** Of the environment an empty value counts as not set, as everywhere. */
function failOnGiven(command: Command): readonly string[] {
  const texts = (command.getOptionValue("failOn") as readonly string[] | undefined) ?? [];
  return command.getOptionValueSource("failOn") === "cli" ? texts : texts.filter((text) => text.trim() !== "");
}

async function run(reference: string, command: Command): Promise<number> {
  // Behind an option that it does not know, commander takes everything for one more of those.
  if (reference.startsWith("-")) throw unknownFirst(reference, command);
  const scenario = await loadScenario(reference);
  const { name } = scenario;
  const given = givenTo(command, scenario);
  const { driver: driverName = "auto", url = null } = given;
  const failOnTexts = failOnGiven(command);
  const secret = sharedSecret(process.env);
  const faults: ConfigError[] = [];
  const dials = held(faults, () => checkedDials(scenario, given));
  const thresholds = held(faults, () => parseThresholds(failOnTexts));
  held(faults, () => driversNamed(driverName));
  held(faults, () => scenario.nodeOnly && driverName === "k6" && refuseK6(name));
  const stopWhen = held(faults, () => readStopWhen(given, failOnTexts));
  held(faults, () => stopWhen === "known" && dials !== undefined && refuseUnsteady(scenario, dials));
  const maxErrors = held(faults, () =>
    readShare(given, "max-errors", (share) => share >= 0, "a share of the messages, 0.1% or 0.001"),
  );
  const operations = held(faults, () =>
    readShare(given, "log", (share) => share > 0, "a share of the dialogs above 0, 10% or 0.1; 1 is all"),
  );
  const equipment = held(faults, () => readEquipment(given));
  held(faults, () => url !== null && createServerClient(url, secret));
  held(faults, () => url !== null && refuseServerOptions(command));
  held(faults, () => given["add"] !== undefined && !GROWING.has(name) && refuseAdd(name));
  held(faults, () => refuseSeveral(dials, scenario, equipment));
  const isCheck = command.getOptionValue("check") === true;
  // Without other faults the server tells of its own when it starts.
  const ofServer = url === null && (isCheck || faults.length > 0) ? await faultOfServerArgs(serverArgs(given)) : null;
  if (ofServer !== null) faults.push(new ConfigError("SERVER_START", ofServer));
  if (dials === undefined || equipment === undefined || faults.length > 0) throw together(faults);
  const driver = equip(await chooseDriver(scenario.nodeOnly ? "node" : driverName), equipment);
  if (isCheck) return EXIT.good;
  const out = given["out"] ?? (await freshFolder("runs", name, new Date()));
  const again = shellCommand("run", reference, {
    ...given,
    driver: driver.name,
    out: undefined,
    "fail-on": failOnTexts,
  });
  const output = createRunOutput({
    ...outputOf(command),
    scenario: name,
    rate: steadyRate(scenario, dials),
    out,
  });
  const warning = rateWarning(driver.name, scenario.changesRate ? dials.rate : peakRate(dials), equipment.generators);
  if (warning !== null) output.warn(warning);
  output.start(driver.name, again);
  const result = await executeRun({
    scenario: reference,
    dials,
    driver,
    secret,
    url,
    ...(given["add"] !== undefined && { add: given["add"] }),
    serverArgs: url === null ? serverArgs(given) : [],
    out,
    command: again,
    thresholds: thresholds ?? [],
    ...(operations !== undefined && { operations }),
    ...(maxErrors !== undefined && { maxErrors }),
    ...(stopWhen !== undefined && { stopWhen }),
    onWarning: output.warn,
    onProgress: output.progress,
    signal: onInterrupt(),
  }).finally(output.end);
  await output.result(result);
  return exitCodeOf(result);
}

/** @throws {ConfigError} BAD_OPTIONS */
function readShare(given: Given, name: string, isRight: (share: number) => boolean, form: string): number | undefined {
  const text = given[name];
  if (text === undefined) return undefined;
  const share = parseShare(text);
  if (isRight(share)) return share;
  throw new ConfigError("BAD_OPTIONS", `--${name} ${text}: give ${form}`);
}

/** Messages per second where it is one number all the time. */
function steadyRate({ changesRate }: Scenario, dials: Dials): number | null {
  const arrivals = arrivalsOf(dials);
  return changesRate || !arrivals.isOpen || arrivals.pieces.length > 0 ? null : dials.rate;
}

/** @throws {ConfigError} CLOSED_ALONE */
function refuseSeveral(dials: Dials | undefined, scenario: Scenario, equipment: Equipment | undefined): void {
  if (dials === undefined || equipment === undefined || equipment.generators === 1) return;
  if (scenario.changesRate || arrivalsOf(dials).isOpen) return;
  const why = "whose turn it is depends on every answer, so one process makes all of it";
  throw new ConfigError("CLOSED_ALONE", `--generators: leave it out with a closed model (${why})`);
}

/** @throws {ConfigError} BAD_OPTIONS */
function readStopWhen(given: Given, failOn: readonly string[]): StopWhen | undefined {
  const text = given["stop-when"];
  if (text === undefined) return undefined;
  const when = STOP_WHEN.find((one) => one === text);
  if (when === undefined) {
    const meaning = "lost (a threshold is missed whatever the rest) or known (that, or all of them are clear)";
    throw new ConfigError("BAD_OPTIONS", `--stop-when ${text}: give ${meaning}`);
  }
  if (failOn.length === 0) throw new ConfigError("BAD_OPTIONS", "--stop-when: give the thresholds with --fail-on");
  return when;
}

/** @throws {ConfigError} UNSTEADY where the rest of a run is not like its beginning */
function refuseUnsteady(scenario: Scenario, dials: Dials): void {
  const { windows = [] } = scenario.changesRate ? {} : scenario.make(dials);
  const arrivals = arrivalsOf(dials);
  const isSteady = !scenario.changesRate && windows.length === 0 && (!arrivals.isOpen || arrivals.pieces.length === 0);
  if (isSteady) return;
  const why = "the rest of this run is not like its beginning, which therefore tells nothing of it";
  throw new ConfigError("UNSTEADY", `--stop-when known: ${why}; take --stop-when lost`);
}

const GROWING = new Set(["reshard", "shard-loss"]);

function refuseAdd(name: string): void {
  throw new ConfigError("BAD_OPTIONS", `--add: ${name} adds no shard; leave it out, or run reshard`);
}

function refuseK6(name: string): void {
  throw new ConfigError(
    "NODE_ONLY",
    `--driver k6: ${name} reads its input piece by piece, which k6 cannot; leave it out`,
  );
}

function outputOf(command: Command): { readonly kind: OutputKind; readonly opens: boolean } {
  const isOn = (name: string) => command.getOptionValue(name) === true;
  const kind = isOn("jsonLines") ? "lines" : isOn("json") ? "document" : "none";
  return { kind, opens: isOn("open") };
}

/** What was typed; of the environment what is not empty and no other scenario's dial. */
function givenTo(command: Command, scenario: Scenario): Given {
  const own = new Set(Object.values(scenario.dials).map((dial) => dial.option));
  const deaf = new Set(allDials().flatMap(({ option: flag }) => (own.has(flag) ? [] : [flag])));
  const rows = command.options.flatMap((one) => {
    const value: unknown = command.getOptionValue(one.attributeName());
    const ignored = !isTyped(command, one) && (value === "" || deaf.has(one.name()) || isOverruled(command, one));
    return typeof value !== "string" || ignored ? [] : [[one.name(), value] as const];
  });
  return { ...Object.fromEntries(rows), ...ownDials(command, scenario, process.env) };
}

/** Rate and arrivals say how fast in two ways: the one that was typed wins over the other one of the environment. */
function isOverruled(command: Command, one: Option): boolean {
  const other = { rate: "arrivals", arrivals: "rate" }[one.name()];
  return other !== undefined && command.getOptionValueSource(other) === "cli";
}

function isTyped(command: Command, one: Option): boolean {
  return command.getOptionValueSource(one.attributeName()) === "cli";
}

/** Does one check and keeps its fault, so that all can be told at once. */
function held<T>(faults: ConfigError[], check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(error);
    return undefined;
  }
}

function together(faults: readonly ConfigError[]): ConfigError {
  const [first, ...others] = faults;
  if (first !== undefined && others.length === 0) return first;
  return new ConfigError("BAD_OPTIONS", faults.map(({ message }) => message.replace(/\.$/u, "")).join("; "));
}

function checkedDials(scenario: Scenario, given: Given): Dials {
  const dials = [...allDials(), ...Object.values(scenario.dials)];
  const parsed = parseDials(scenario, Object.fromEntries(dials.map(({ option: flag }) => [flag, given[flag]])));
  if ("faults" in parsed) throw new ConfigError("BAD_DIALS", parsed.faults.join(" "));
  return parsed.dials;
}

/** Only what was typed: the environment may hold a server's settings for other commands. */
function refuseServerOptions(command: Command): void {
  const typed = command.options.filter((one) => one.name() in SERVER_OPTIONS && isTyped(command, one));
  if (typed.length === 0) return;
  const flags = typed.map((one) => `--${one.name()}`).join(", ");
  throw new ConfigError("BAD_OPTIONS", `${flags}: a running server (--url) has its own; leave out one or the other`);
}

function serverArgs(given: Given): string[] {
  return Object.keys(SERVER_OPTIONS).flatMap((name) => (given[name] === undefined ? [] : [`--${name}`, given[name]]));
}
