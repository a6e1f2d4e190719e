import { join } from "node:path";
import { Option, type Command } from "commander";
import { ConfigError } from "../../server/placement/contract.ts";
import { chooseDriver } from "../drivers/registry.ts";
import { exitCodeOf } from "../exit-code.ts";
import { onInterrupt } from "../interrupt.ts";
import { createLiveLine } from "../live-line.ts";
import { terminalReport } from "../report/terminal.ts";
import { executeRun } from "../run.ts";
import { sharedSecret } from "../secret.ts";
import { DIAL_NAMES, DIALS, parseDials } from "../traffic/dials.ts";
import { findScenario, SCENARIOS } from "../traffic/stories/registry.ts";

/** Options that an own server is started with; `hotshard serve` explains them. */
const SERVER_OPTIONS = {
  shards: "how many SQLite shards, or shard URLs; ?commitMs=20&maxRows=50 shapes them",
  placement: "slots, ring:virtualNodes=1, …",
  topology: "topology file (JSON)",
  data: "folder that keeps the shards after the run",
} as const;

type Given = Record<string, string | boolean | undefined>;

/** `hotshard run SCENARIO`: one run, its verdict, and its folder. */
export function addRun(program: Command, finish: (code: number) => void): void {
  const command = program
    .command("run")
    .summary("drive one scenario and judge it")
    .description(`Drives one scenario and judges it. Scenarios: ${SCENARIOS.map((one) => one.name).join(", ")}.`)
    .argument("<scenario>")
    .addOption(option("driver", "auto, node or k6; auto takes k6 when it is installed").default("auto"))
    .addOption(option("url", "chat of a running server, ws://127.0.0.1:8086/chat; without it an own one is started"))
    .addOption(option("out", "folder for the result"))
    .option("--json", "print the result document on stdout");
  for (const name of DIAL_NAMES) command.addOption(option(DIALS[name].option, DIALS[name].meaning));
  for (const [name, meaning] of Object.entries(SERVER_OPTIONS)) command.addOption(option(name, meaning));
  command
    .addHelpText("after", "\nExample:\n  hotshard run lady-gaga --hot-share 0.4 --rate 1000 --shards 4")
    .action(async (scenario: string, given: Given) => finish(await run(scenario, given)));
}

function option(name: string, meaning: string): Option {
  return new Option(`--${name} <value>`, meaning).env(`HOTSHARD_${name.replaceAll("-", "_").toUpperCase()}`);
}

async function run(name: string, given: Given): Promise<number> {
  const scenario = findScenario(name);
  if (scenario === undefined) {
    const names = SCENARIOS.map((one) => one.name).join(", ");
    throw new ConfigError("NO_SUCH_SCENARIO", `there is no scenario "${name}"; there are ${names}`);
  }
  const text = (key: string) => given[key] as string | undefined;
  const parsed = parseDials(scenario, dialsOf(given));
  if ("faults" in parsed) throw new ConfigError("BAD_DIALS", parsed.faults.join(" "));
  const url = text("url") ?? null;
  const line = createLiveLine(name, process.stderr);
  const result = await executeRun({
    scenario: name,
    dials: parsed.dials,
    driver: await chooseDriver(text("driver") ?? "auto"),
    secret: sharedSecret(process.env),
    url,
    serverArgs: serverArgs(given, url),
    out: text("out") ?? join("runs", `${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}-${name}`),
    command: commandLine(name, given),
    onProgress: (progress) => line.show(progress),
    signal: onInterrupt(),
  });
  line.end();
  process.stderr.write(terminalReport(result, process.stderr));
  if (given["json"] === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  return exitCodeOf(result);
}

function dialsOf(given: Given): Record<string, string | undefined> {
  return Object.fromEntries(
    DIAL_NAMES.map((name) => [DIALS[name].option, given[camelCase(DIALS[name].option)] as string | undefined]),
  );
}

function serverArgs(given: Given, url: string | null): string[] {
  const named = Object.keys(SERVER_OPTIONS).filter((name) => given[name] !== undefined);
  // The environment may hold a server's settings for other commands; only what was typed contradicts --url.
  return url === null ? named.flatMap((name) => [`--${name}`, given[name] as string]) : [];
}

function commandLine(name: string, given: Given): string {
  const options = Object.entries(given).filter(([key]) => key !== "json" && key !== "out");
  const words = options.map(([key, value]) => `--${kebabCase(key)} ${quoted(String(value))}`);
  return ["hotshard run", name, ...words].join(" ");
}

function quoted(value: string): string {
  return /^[\w.:/@,=+-]+$/u.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

function camelCase(option: string): string {
  return option.replaceAll(/-./gu, (pair) => pair[1]!.toUpperCase());
}

function kebabCase(key: string): string {
  return key.replaceAll(/[A-Z]/gu, "-$&").toLowerCase();
}
