import { access, constants, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Option, type Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { packageVersion } from "../system/version.ts";
import { parsePlacement } from "../../server/placement/registry.ts";
import { EXIT } from "../run/exit-code.ts";
import type { Reading } from "../whatif/input/format.ts";
import { createInputFaults, inputName } from "../whatif/input/input-faults.ts";
import { INPUT_FORMATS, inputFormat } from "../whatif/input/input-options.ts";
import { readRows } from "../whatif/input/rows.ts";
import { readResult } from "../report/run-folder.ts";
import { htmlWhatIf, whatIfFaults, terminalWhatIf } from "../report/reports.ts";
import { forecastLayouts, type WhatIfOrder } from "../whatif/forecast-layouts.ts";
import { shellCommand, type GivenFlags } from "../system/command-line.ts";
import { parseToday, wholeNumber, type TodayLayout } from "./whatif-options.ts";

const AFTER = `
INPUT is one of
  counts.csv    dialog,count: a line for each key; a key is any text
  trace.csv.gz  time,dialog: a line for each message; gives the worst minute too
  runs/FOLDER   what a hotshard run left
  -             stdin: what a database's own client prints
CSV, tabs, NDJSON, JSON, uniq -c, a table of mysql -t or psql; gzip or not. What
is none of these is refused: --format, --key, --count and --time say it.

Examples:
  hotshard whatif counts.csv --today modulo:16
  mysql -B -e 'SELECT dialog, COUNT(*) AS count …' | hotshard whatif -
  hotshard whatif counts.csv --today ring:virtualNodes=20:8 \\
    --placement ring:virtualNodes=500

docs/whatif.md has the query that makes the counts, for each kind of database.`;

interface Options {
  readonly today?: string;
  readonly shards?: string;
  readonly placement: readonly string[];
  readonly target: string;
  readonly out: string;
  readonly json?: boolean;
  readonly format?: string;
  readonly key?: string;
  readonly count?: string;
  readonly time?: string;
}

/** `hotshard whatif INPUT`: what every placement would make of the keys seen, and what to do. */
export function addWhatIf(program: Command, finish: (code: number) => void): void {
  program
    .command("whatif")
    .summary("what every placement on 2 to 64 shards would make of your keys, and what to do")
    .argument("<input>", "counts, a trace, or a run's folder")
    .addOption(
      new Option(
        "--today <layout>",
        "placement and shards that you have, e.g. modulo:16 (default: a run's own, else slots:4)",
      ),
    )
    .addOption(new Option("--shards <list>", "numbers of shards to try (default: 2,4,8,16,32,64)"))
    .addOption(
      new Option("--placement <name>", "a further placement to try; may be repeated")
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(new Option("--target <ratio>", "max/mean up to which nothing needs to be done").default("1.25"))
    .addOption(new Option("--out <file>", "the picture, an HTML file").default("what-if.html"))
    .addOption(new Option("--format <name>", `what the file is: ${Object.keys(INPUT_FORMATS).join(", ")}`))
    .addOption(new Option("--key <column>", "what messages are placed by: a column or field, or a column's number"))
    .addOption(new Option("--count <column>", "the messages of a row, as --key; none: each line is one message"))
    .addOption(new Option("--time <column>", "the time, as --key: a date, or a number since 1970"))
    .option("--json", "print the answer as JSON on stdout; what people read goes to stderr")
    .addHelpText("after", AFTER)
    .action(async (input: string, options: Options, command: Command) => {
      const typed = Object.entries(options).filter(
        ([name]) => name !== "json" && command.getOptionValueSource(name) === "cli",
      );
      finish(await whatIf(input, options, Object.fromEntries(typed)));
    });
}

const ASSUMED: TodayLayout = { placement: "slots", shards: 4 };

const OF_A_FILE = ["format", "key", "count", "time"] as const;

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

async function whatIf(input: string, options: Options, given: GivenFlags): Promise<number> {
  const target = Number(options.target);
  if (!(target > 1)) throw new ConfigError("BAD_OPTIONS", `--target ${options.target}: a max/mean above 1, e.g. 1.25`);
  for (const placement of options.placement) parsePlacement(placement);
  await mustBeFolder(dirname(options.out));
  const sizes = options.shards?.split(",").map((text) => wholeNumber("--shards", text, 1, 1_024));
  const source = await openInput(input, options, given);
  const said = options.today === undefined ? null : parseToday(options.today);
  const today = said ?? source.today ?? ASSUMED;
  const document = await forecastLayouts({
    ...source,
    hotshard: packageVersion(),
    today: { overrides: [], ...today, assumed: today === ASSUMED },
    placements: options.placement,
    sizes,
    target,
    command: shellCommand("whatif", input, given),
    onProgress: (words) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${words} …`),
  });
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  await writeFile(options.out, htmlWhatIf(document));
  process.stderr.write(whatIfFaults(document, process.stderr));
  const screen = options.json === true ? process.stderr : process.stdout;
  screen.write(`${terminalWhatIf(document, screen)}Picture: ${options.out}\n`);
  if (options.json === true) process.stdout.write(`${JSON.stringify(document)}\n`);
  return document.input.faults.some(({ lost }) => lost) ? EXIT.partial : EXIT.good;
}

type Source = Pick<WhatIfOrder, "name" | "kind" | "rows" | "faults" | "reading"> & {
  readonly today: (TodayLayout & { readonly overrides: readonly string[] }) | null;
};

/** @throws {ConfigError} BAD_OPTIONS that names the options of a file that were given for a run */
function refuseMisplaced(given: GivenFlags): void {
  const misplaced = OF_A_FILE.filter((name) => given[name] !== undefined).map((name) => `--${name}`);
  if (misplaced.length === 0) return;
  const verb = misplaced.length === 1 ? "is" : "are";
  throw new ConfigError("BAD_OPTIONS", `${misplaced.join(", ")} ${verb} for a file; what a run left is known`);
}

const A_DATABASE =
  "a database is asked by its own client: mysql -B -e 'SELECT dialog, COUNT(*) AS count …' | hotshard whatif -";

async function openInput(input: string, options: Options, given: GivenFlags): Promise<Source> {
  // Not repeated in the message: it may hold a password.
  if (input.includes("://")) throw new ConfigError("BAD_OPTIONS", `an address is no input; ${A_DATABASE}`);
  const folder = await runFolder(input);
  if (folder === null) return fileSource(input, "counts", null, options);
  refuseMisplaced(given);
  const result = await readResult(folder);
  const { placement, overrides, shards: all, inUse: shards = all } = result.server;
  return fileSource(join(folder, "dialogs.csv.gz"), "run", { placement, shards, overrides }, {});
}

function fileSource(
  path: string,
  kind: Source["kind"],
  today: Source["today"],
  { format, key, count, time }: Pick<Options, "format" | "key" | "count" | "time">,
): Source {
  const name = inputName(path);
  const faults = createInputFaults(name);
  let reading: Reading | null = null;
  const rows = readRows(path, faults, {
    options: {
      ...(format !== undefined && { format: inputFormat("--format", format) }),
      ...(key !== undefined && { key }),
      ...(count !== undefined && { count }),
      ...(time !== undefined && { time }),
    },
    onReading: (found) => (reading = found),
  });
  return { name, kind, rows, faults, today, reading: () => reading };
}

/** Before the work, not after it. */
async function mustBeFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true)
    throw new ConfigError("BAD_OPTIONS", `--out: ${path} is not a folder; make it first`);
  await access(path, constants.W_OK).catch(() => {
    throw new ConfigError("BAD_OPTIONS", `--out: ${path} cannot be written to; name another folder`);
  });
}

/** @returns the folder of a run, also when its result is named; null for anything else */
async function runFolder(input: string): Promise<string | null> {
  if (basename(input) === "result.json") return dirname(input);
  const found = await stat(input).catch(() => null);
  return found?.isDirectory() === true ? input : null;
}
