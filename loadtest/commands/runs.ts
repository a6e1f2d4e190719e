import { join } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { nearestName } from "../stats/nearest-name.ts";
import { openPage } from "../system/open-page.ts";
import { bytes, count, countOrNone, moment, plural, times } from "../stats/format.ts";
import { escapeTerminal } from "../stats/escape.ts";
import { table, text, type Column } from "../report/documents/model.ts";
import { terminal } from "../report/render/terminal.ts";
import { terminalReport } from "../report/reports.ts";
import { readResult } from "../report/run-folder.ts";
import { findRuns, removeRun, type RunFolder } from "../run/folders.ts";
import { parseDuration } from "../traffic/dial.ts";

const DIR = ["--dir <folder>", "where the runs are", "runs"] as const;

interface Given {
  readonly dir: string;
  readonly json?: boolean;
  readonly open?: boolean;
  readonly dryRun?: boolean;
  readonly olderThan?: string;
  readonly keep?: string;
}

/** `hotshard runs list|show|prune`: the folders that runs have left. */
export function addRuns(program: Command): void {
  const runs = program
    .command("runs")
    .summary("list, show and prune the folders of past runs")
    .description("The folders that runs have left in ./runs, or where --dir says.")
    .addHelpText(
      "after",
      "\nExamples:\n  hotshard runs list\n  hotshard runs show latest\n  hotshard runs prune --keep 20 --dry-run",
    );

  runs
    .command("list", { isDefault: true })
    .summary("every run, the newest first")
    .description("Lists every run, the newest first: when, verdict, max/mean, messages, size, folder.")
    .option(...DIR)
    .option("--json", "print the list as JSON on stdout")
    .addHelpText("after", "\nExample:\n  hotshard runs list --dir build/runs --json")
    .action(async ({ dir, json }: Given) => list(await findRuns(dir), json === true));

  runs
    .command("show")
    .summary("what a run found, on this terminal")
    .description("Shows what a run found on this terminal, and where its report is.")
    .argument("<run>", "its folder, its id, or `latest`")
    .option(...DIR)
    .option("--open", "open its report in the browser")
    .addHelpText(
      "after",
      "\nExamples:\n  hotshard runs show latest\n  hotshard runs show 2026-11-22T13-05-00-zipf --open",
    )
    .action(show);

  runs
    .command("prune")
    .summary("delete runs by age or number; never anything that is not a run")
    .description(
      "Deletes runs that are older than --older-than and, of the others, all but the --keep newest. Only " +
        "files that a run writes are deleted: a folder that holds anything else stays, with that. Runs that this " +
        "hotshard cannot read, those of a newer one too, stay and do not count.",
    )
    .option(...DIR)
    .option("--older-than <age>", "a number with its unit: 12h, 7d")
    .option("--keep <number>", "how many of the newest to keep")
    .option("--dry-run", "say what would be deleted, and delete nothing")
    .addHelpText(
      "after",
      "\nExamples:\n  hotshard runs prune --older-than 30d --dry-run\n  hotshard runs prune --keep 20",
    )
    .action(prune);
}

function list(runs: readonly RunFolder[], json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(runs)}\n`);
  else if (runs.length === 0) process.stderr.write("There are no runs here.\n");
  else
    process.stdout.write(terminal([[table<RunFolder>({ caption: "", columns: COLUMNS, rows: runs })]], process.stdout));
}

const COLUMNS: readonly Column<RunFolder>[] = [
  { name: "started", width: 21, cell: ({ startedAt }) => moment(startedAt) },
  { ...text("verdict", { width: 15 }), cell: ({ verdict }) => verdict },
  { name: "max/mean", width: 8, cell: ({ maxOverMean }) => (maxOverMean === null ? "–" : times(maxOverMean)) },
  { name: "messages", width: 12, cell: ({ messages }) => countOrNone(messages) },
  { name: "size", width: 9, cell: (run) => bytes(run.bytes) },
  { ...text("  folder"), cell: ({ name }) => `  ${name}` },
];

async function show(reference: string, { dir, open }: Given): Promise<void> {
  const folder = await folderOf(reference, dir);
  const result = await readResult(folder);
  const page = join(folder, "report.html");
  process.stdout.write(`${terminalReport(result, process.stdout)}\nReport: ${page}\n`);
  const trouble = open === true ? await openPage(page) : null;
  if (trouble !== null) process.stderr.write(`${trouble}\n`);
}

/** By its place in `dir`, its id, `latest`, or any folder at all. */
async function folderOf(reference: string, dir: string): Promise<string> {
  const runs = await findRuns(dir).catch((error: unknown) => {
    if (error instanceof ConfigError && reference !== "latest") return [];
    throw error;
  });
  const found =
    reference === "latest" ? runs[0] : runs.find(({ name, id, path }) => [name, id, path].includes(reference));
  if (found !== undefined) return found.path;
  if (reference === "latest") throw new ConfigError("NO_RESULT", `there is no run in ${dir}`);
  try {
    await readResult(reference);
    return reference;
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== "NO_RESULT" || runs.length === 0) throw error;
    const names = runs.map(({ name }) => name);
    throw new ConfigError(
      "NO_RESULT",
      `there is no run ${reference} in ${dir}; did you mean ${nearestName(reference, names)}?`,
    );
  }
}

/**
 * Seconds of `12h`, `7d`; NaN when it is neither, and without a unit: who means days must not lose what is seconds old.
 */
function ageOf(text: string): number {
  const days = /^(\d+(?:\.\d+)?)d$/u.exec(text.trim());
  if (days !== null) return Number(days[1]) * 86_400;
  return /[a-z]$/u.test(text.trim()) ? parseDuration(text) : Number.NaN;
}

async function prune({ dir, olderThan, keep, dryRun }: Given): Promise<void> {
  const faults: string[] = [];
  const age = olderThan === undefined ? Infinity : ageOf(olderThan);
  if (Number.isNaN(age)) faults.push(`--older-than ${olderThan}: an age with its unit, like 12h or 30d`);
  if (keep !== undefined && !/^\d{1,9}$/u.test(keep)) faults.push(`--keep ${keep}: how many runs, a whole number`);
  if (olderThan === undefined && keep === undefined) faults.push("give --older-than, --keep, or both");
  if (faults.length > 0) throw new ConfigError("BAD_OPTIONS", faults.join("; "));

  const all = await findRuns(dir);
  const runs = all.filter(({ readable }) => readable);
  const before = new Date(Date.now() - Math.min(age, 1e9) * 1000).toISOString();
  const newest = keep === undefined ? runs.length : Number(keep);
  const doomed = runs.filter(({ startedAt }, i) => i >= newest || (age < Infinity && startedAt < before));
  for (const run of doomed) {
    const kept = dryRun === true ? [] : await removeRun(run);
    const rest = kept.length === 0 ? "" : `; the folder stays, with ${kept.map(escapeTerminal).join(", ")}`;
    process.stdout.write(`${dryRun === true ? "would delete" : "deleted"} ${escapeTerminal(run.path)}${rest}\n`);
  }
  const freed = doomed.reduce((sum, run) => sum + run.bytes, 0);
  const did = dryRun === true ? "would be deleted" : "deleted";
  process.stderr.write(`${count(doomed.length)} of ${plural(runs.length, "run")} ${did}, ${bytes(freed)}.\n`);
  const left = all.flatMap(({ readable, name, verdict }) => (readable ? [] : [`${escapeTerminal(name)} (${verdict})`]));
  if (left.length > 0) process.stderr.write(`Left alone, as this hotshard cannot read them: ${left.join(", ")}.\n`);
}
