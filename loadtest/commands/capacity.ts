import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { parseThresholds } from "../analysis/thresholds/threshold.ts";
import type { Capacity } from "../analysis/result/capacity.ts";
import { findCapacity } from "../experiments/capacity/find.ts";
import { runsNeeded } from "../experiments/capacity/search.ts";
import { terminalCapacity } from "../report/reports.ts";
import { planInWords, stepInWords } from "../report/words/capacity.ts";
import { faultOfRun } from "../experiments/child-run.ts";
import { createCountdown } from "../experiments/countdown.ts";
import { EXIT } from "../run/exit-code.ts";
import { onInterrupt } from "./interrupt.ts";
import { freshFolder } from "../run/folders.ts";
import { parseDuration, parseShare } from "../traffic/dial.ts";
import { shellFlags, shellWords } from "../system/command-line.ts";

const HELP = `
Every option of "hotshard run" but --fail-on, --stop-when and --arrivals may
follow; --rate is the first rate that is tried.

Examples:
  hotshard capacity random --until 'delivery.p99<50ms' \\
    --shards '4?commitMs=20&maxRows=10'
  hotshard capacity lady-gaga --hot-share 0.4 --until 'delivery.p99<50ms' \\
    --precision 5% --within 20m

Exit codes: 0 found; 1 no rate keeps the threshold; 2 bad usage; 3 the
generator, or the time, ended the search; 74 the answer could not be written;
130 interrupted.`;

interface Given {
  readonly until: string;
  readonly rate: string;
  readonly duration: string;
  readonly precision: string;
  readonly within: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** A word about the time: a search that ends three doublings above its start. */
const TYPICAL_DOUBLINGS = 3;
/** Seconds of a run besides its schedule: two processes start, the databases are asked. */
const OVERHEAD_S = 4;

/** `hotshard capacity SCENARIO`: the highest rate that keeps a threshold. */
export function addCapacity(program: Command, finish: (code: number) => void): void {
  const command = program
    .command("capacity")
    .summary("the highest rate that keeps a threshold")
    .description(
      "Finds the highest rate that keeps a threshold, by runs at one rate after the other, and names what ends it.",
    )
    .argument("<scenario>")
    .requiredOption("--until <threshold>", "what must hold: 'delivery.p99<50ms'")
    .option("--rate <number>", "first rate, messages per second", "500")
    .option("--duration <time>", "measured phase of each run", "10s")
    .option("--precision <share>", "how far apart the ends of the 95 % interval may be", "10%")
    .option("--within <time>", "no run begins that would end later", "15m")
    .option("--out <folder>", "folder for capacity.json and the runs")
    .option("--json", "print capacity.json on stdout; what people read goes to stderr")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", HELP)
    .action(async (scenario: string, given: Given) => {
      // What commander does not know stands behind the operands.
      finish(await capacity(scenario, command.args.slice(1), given));
    });
}

async function capacity(scenario: string, more: readonly string[], given: Given): Promise<number> {
  const { precision, start, withinMs } = checked(more, given);
  const words = [scenario, ...more, "--duration", given.duration];
  const fault = await faultOfRun([...words, "--rate", given.rate]);
  if (fault !== null) throw new ConfigError("BAD_OPTIONS", fault);
  const out = given.out ?? (await freshFolder("runs", `capacity-${basename(scenario)}`, new Date()));
  const runs = runsNeeded(TYPICAL_DOUBLINGS, precision);
  const each = (parseDuration(given.duration) + OVERHEAD_S) * 1_000;
  const plan = planInWords({ runs, each, withinMs }, given.duration);
  process.stderr.write(`${scenario} until ${given.until}: ${plan}\n`);
  const countdown = createCountdown(Math.round((runs.few + runs.many) / 2), process.stderr);
  const { capacity: found, failure } = await findCapacity({
    words,
    until: given.until,
    start,
    precision,
    withinMs,
    command:
      `${shellWords(["hotshard", "capacity", ...words])} ` +
      shellFlags({ rate: given.rate, until: given.until, precision: given.precision, within: given.within }),
    out,
    signal: onInterrupt(),
    onRun: (done, rate) => countdown.next(done, `run ${done + 1} at ${rate}/s`),
    onStep: (step) => countdown.say(stepInWords({ ...step, folder: "" })),
  }).finally(() => countdown.end());
  if (failure !== null && found.steps.length === 0) {
    // What was asked for as --until, each run was given as --fail-on.
    process.stderr.write(`${failure.words.replace("--fail-on", "--until")}\n`);
    await rmdir(out).catch(() => {});
    return failure.code;
  }
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "capacity.json"), `${JSON.stringify(found, null, 2)}\n`);
  const screen = given.json === true ? process.stderr : process.stdout;
  process.stderr.write("\n");
  screen.write(`${terminalCapacity(found, screen)}\nRuns: ${out}\n`);
  if (given.json === true) process.stdout.write(`${JSON.stringify(found)}\n`);
  return failure?.code ?? codeOf(found);
}

function codeOf({ ceiling, high, low, stopped }: Capacity): number {
  if (low === null) return high === null ? EXIT.invalid : EXIT.failed;
  return high === null || ceiling === "generator" || stopped !== null ? EXIT.invalid : EXIT.good;
}

/** All faults at once. @throws {ConfigError} BAD_OPTIONS, and BAD_THRESHOLD of the threshold */
function checked(more: readonly string[], given: Given): { precision: number; start: number; withinMs: number } {
  const faults: string[] = [];
  const precision = parseShare(given.precision);
  const start = Number(given.rate);
  const withinMs = parseDuration(given.within) * 1_000;
  if (!(precision >= 0.01)) faults.push(`--precision is a share from 1% to 100%, not "${given.precision}"`);
  if (!(start > 0 && start <= 1_000_000)) faults.push(`--rate is a number above 0, not "${given.rate}"`);
  if (!(withinMs > 0)) faults.push(`--within is a duration such as 15m, not "${given.within}"`);
  if (!(parseDuration(given.duration) > 0))
    faults.push(`--duration is a duration such as 10s, not "${given.duration}"`);
  if (more.some((word) => word === "--stop-when" || word.startsWith("--stop-when=")))
    faults.push("--stop-when: a rate is judged by a whole run");
  if (more.some((word) => word === "--fail-on" || word.startsWith("--fail-on=")))
    faults.push("--fail-on: the threshold is --until");
  if (faults.length > 0) throw new ConfigError("BAD_OPTIONS", faults.join("; "));
  if (parseThresholds([given.until], "--until").length !== 1)
    throw new ConfigError("BAD_OPTIONS", "--until takes one threshold");
  return { precision, start, withinMs };
}
