import { join } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { ALLOWABLE, type Obstacle } from "../experiments/compare/comparable.ts";
import { compareRuns, sift, type CompareOptions } from "../experiments/compare/compare.ts";
import type { Comparison } from "../analysis/result/comparison.ts";
import { openRun } from "../experiments/compare/open.ts";
import { powerInWords } from "../experiments/compare/power.ts";
import { terminalComparison } from "../report/reports.ts";
import { writeComparison } from "../experiments/compare/write.ts";
import { compareInterleaved, LEAST_ROUNDS } from "../experiments/compare/interleave.ts";
import { wrap } from "../report/render/terminal.ts";
import { takeTurns } from "../experiments/compare/take-turns.ts";
import { faultOfRun, splitWords } from "../experiments/child-run.ts";
import { createCountdown } from "../experiments/countdown.ts";
import { EXIT } from "../run/exit-code.ts";
import { onInterrupt } from "./interrupt.ts";
import { freshFolder } from "../run/folders.ts";
import { parseShare } from "../traffic/dial.ts";

const HELP = `
A and B are folders of runs; A is the one before. With --interleave they are
settings, written as after "hotshard run".

Examples:
  hotshard compare runs/before runs/after
  hotshard compare runs/main runs/branch --fail-on-worse --tolerance 10%
  hotshard compare --interleave --rounds 10 'random --placement slots' \\
    'random --placement ring:virtualNodes=20'

Exit codes: 0 compared, whatever came out; 1 something is worse and
--fail-on-worse was given; 2 they cannot be compared; 3 a run is INVALID; 74 the
answer could not be written.`;

interface Given {
  readonly out?: string;
  readonly confidence: string;
  readonly tolerance: string;
  readonly least: string;
  readonly allow?: string;
  readonly interleave?: boolean;
  readonly rounds: string;
  readonly failOnWorse?: boolean;
  readonly json?: boolean;
}

/** `hotshard compare A B`: what changed from one run to another, and whether that is more than noise. */
export function addCompare(program: Command, finish: (code: number) => void): void {
  program
    .command("compare")
    .summary("what changed from one run to another, beyond noise")
    .description("Tells what changed from run A to run B, per shard and overall, and what is only noise.")
    .argument("<a>")
    .argument("<b>")
    .option("--interleave", "A and B are settings: run them in turn, so that a drifting machine cancels out")
    .option("--rounds <number>", `of --interleave: an even number of pairs of runs, from ${LEAST_ROUNDS}`, "8")
    .option("--out <folder>", "folder for compare.json, compare.md and compare.html")
    .option("--confidence <share>", "chance that two runs of the same thing are found no different", "95%")
    .option("--tolerance <share>", "changes below this are ignored", "5%")
    .option("--least <ms>", "nor are changes of a duration below this", "1ms")
    .option("--allow <codes>", `compare in spite of: ${[...ALLOWABLE].join(", ")}`)
    .option("--fail-on-worse", "exit 1 when a figure is worse beyond --tolerance")
    .option("--json", "print compare.json on stdout; what people read goes to stderr")
    .addHelpText("after", HELP)
    .action(async (a: string, b: string, given: Given) => {
      finish(await (given.interleave === true ? interleave(a, b, given) : compareFolders(a, b, given)));
    });
}

async function compareFolders(a: string, b: string, given: Given): Promise<number> {
  const options = optionsFrom(given);
  const [left, right] = await Promise.all([openRun(a, a), openRun(b, b)]);
  const { refused } = sift(left, right, options.allow);
  if (refused.length === 0) return tell(compareRuns(left, right, options), await outOf(given), given);
  process.stderr.write(`hotshard: NOT_COMPARABLE: ${refusal(refused)}\n`);
  return refused.some(({ code }) => code === "INVALID") ? EXIT.invalid : EXIT.usage;
}

function refusal(refused: readonly Obstacle[]): string {
  const codes = new Set(refused.map(({ code }) => code));
  const remedy = [...codes].every((code) => ALLOWABLE.has(code))
    ? `; --allow ${[...codes].join(",")} compares all the same`
    : "";
  return `${refused.map(({ code, message }) => `${code}: ${message}`).join("; ")}${remedy}`;
}

async function interleave(a: string, b: string, given: Given): Promise<number> {
  const options = optionsFrom(given);
  const rounds = Number(given.rounds);
  if (!Number.isInteger(rounds) || rounds < LEAST_ROUNDS || rounds % 2 !== 0) {
    throw new ConfigError("BAD_OPTIONS", `--rounds is an even number from ${LEAST_ROUNDS}, not "${given.rounds}"`);
  }
  const settings = await settingsFrom(a, b);
  const out = await outOf(given);
  const signal = onInterrupt();
  process.stderr.write(`${wrap(powerInWords(rounds, options), process.stderr.columns ?? 80)}\n`);
  const countdown = createCountdown(2 * rounds, process.stderr);
  const taken = await takeTurns({
    ...settings,
    rounds,
    out,
    signal,
    onRun: (done, what) => countdown.next(done, what),
    refuse(left, right) {
      const refused = sift(left, right, options.allow).refused.filter(({ code }) => code !== "TOO_FEW_SLICES");
      return refused.length === 0 ? null : `hotshard: NOT_COMPARABLE: ${refusal(refused)}`;
    },
  }).finally(() => countdown.end());
  // What an interrupted experiment has finished still counts, as long as the turns are even.
  const even = taken.rounds.slice(0, taken.rounds.length - (taken.rounds.length % 2));
  if (taken.failure !== null) process.stderr.write(`${taken.failure.words}\n`);
  if (even.length < LEAST_ROUNDS) return taken.failure?.code ?? EXIT.internal;
  const code = await tell(compareInterleaved(even, options), out, given);
  return taken.failure?.code ?? code;
}

/** Both are checked before the first run. @throws {ConfigError} BAD_OPTIONS with what is wrong with either */
async function settingsFrom(a: string, b: string): Promise<{ a: string[]; b: string[] }> {
  const settings = { a: settingOf("A", a), b: settingOf("B", b) };
  const [ofA, ofB] = await Promise.all([faultOfRun(settings.a), faultOfRun(settings.b)]);
  const faults = [ofA === null ? [] : `A: ${ofA}`, ofB === null ? [] : `B: ${ofB}`].flat();
  if (faults.length > 0) throw new ConfigError("BAD_OPTIONS", faults.join("; "));
  return settings;
}

/** @throws {ConfigError} BAD_OPTIONS */
function settingOf(name: string, line: string): string[] {
  const words = splitWords(line);
  if (words === null) throw new ConfigError("BAD_OPTIONS", `${name}: a quote is not closed in ${line}`);
  if (words.length === 0) throw new ConfigError("BAD_OPTIONS", `${name} is empty: write it as after "hotshard run"`);
  return words;
}

const outOf = async ({ out }: Given): Promise<string> => out ?? (await freshFolder("runs", "compare", new Date()));

/** Writes the comparison, prints it, and says what the shell is told. */
async function tell(comparison: Comparison, out: string, given: Given): Promise<number> {
  await writeComparison(out, comparison);
  const screen = given.json === true ? process.stderr : process.stdout;
  screen.write(`${terminalComparison(comparison, screen)}\nReport: ${join(out, "compare.html")}\n`);
  if (given.json === true) process.stdout.write(`${JSON.stringify(comparison)}\n`);
  const isWorse = comparison.changes.some(({ outcome }) => outcome === "worse");
  return given.failOnWorse === true && isWorse ? EXIT.failed : EXIT.good;
}

/** All faults at once. @throws {ConfigError} BAD_OPTIONS */
function optionsFrom({ confidence, tolerance, least, allow = "" }: Given): CompareOptions {
  const faults: string[] = [];
  const read = (name: string, text: string, value: number, holds: boolean, form: string) => {
    if (!holds) faults.push(`--${name} is ${form}, not "${text}"`);
    return value;
  };
  const sure = parseShare(confidence);
  const tolerated = parseShare(tolerance);
  const ms = /^[\d.]+(ms)?$/u.test(least) ? Number.parseFloat(least) : Number.NaN;
  const codes = allow
    .split(",")
    .map((code) => code.trim().toUpperCase())
    .filter((code) => code !== "");
  const options = {
    confidence: read("confidence", confidence, sure, sure >= 0.5 && sure < 1, "a share from 50% to below 100%"),
    tolerance: read("tolerance", tolerance, tolerated, tolerated >= 0, "a share such as 5%"),
    toleranceMs: read("least", least, ms, ms >= 0, "milliseconds such as 1ms"),
    allow: new Set(codes),
  };
  const unknown = codes.filter((code) => !ALLOWABLE.has(code));
  if (unknown.length > 0) faults.push(`--allow knows ${[...ALLOWABLE].join(", ")}, not ${unknown.join(", ")}`);
  if (faults.length > 0) throw new ConfigError("BAD_OPTIONS", faults.join("; "));
  return options;
}
