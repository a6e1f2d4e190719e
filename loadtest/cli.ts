import { Command, CommanderError } from "commander";
import { addCapacity } from "./commands/capacity.ts";
import { addCheck } from "./commands/check.ts";
import { addCompare } from "./commands/compare.ts";
import { addDemo } from "./commands/demo.ts";
import { addReport } from "./commands/report.ts";
import { addRules } from "./commands/rules.ts";
import { addRun } from "./commands/run.ts";
import { addRuns } from "./commands/runs.ts";
import { addServe } from "./commands/serve.ts";
import { addShards } from "./commands/shards.ts";
import { addStack } from "./commands/stack.ts";
import { addTools } from "./commands/tools.ts";
import { addWhatIf } from "./commands/whatif.ts";
import { EXIT, explainError } from "./run/exit-code.ts";
import { dressHelp } from "./commands/help.ts";
import { keepLoopbackDirect } from "./drivers/keep-direct.ts";
import { notWritten } from "./system/not-written.ts";
import { watchStandardOutput } from "./system/standard-output.ts";
import { packageVersion } from "./system/version.ts";

const HELP = `
Start here:
  hotshard demo                       random and hot traffic side by side
  hotshard run lady-gaga --shards 4   one scenario on a server of its own
  hotshard whatif counts.csv          what would fix it, from your own counts
  hotshard serve --shards 4           a server to point k6 at

Examples:
  hotshard run zipf --fail-on 'delivery.p99<50ms' --open
  hotshard compare runs/before runs/after

Exit codes: 0 good, 1 a threshold or the audit failed, 2 bad usage, 3 the run is
INVALID, 4 something is missing, 70 something of hotshard broke, 74 the answer
could not be written (a full disk), 130 interrupted.`;

/**
 * The `hotshard` command.
 *
 * @param argv arguments after the program's name
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  const output = watchStandardOutput(process);
  keepLoopbackDirect(process.env);
  const code = await execute(argv);
  const fault = await output.end();
  if (fault === null) return code;
  // Whatever it was that the command found: who asked has not got it.
  const { code: failure, line } = explainError(notWritten("stdout", fault));
  process.stderr.write(`${line}\n`);
  return failure;
}

async function execute(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.good;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    // Commander has written its own line already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.usage;
    const { code: failure, line } = explainError(error);
    process.stderr.write(`${line}\n`);
    return failure;
  }
}

/**
 * Every command with its options and help.
 *
 * @param finish told the exit code of a command that ran
 */
export function createProgram(finish: (code: number) => void): Command {
  const program = new Command("hotshard")
    .description("Which shard will burn, why, and what would fix it.")
    .version(packageVersion())
    .addHelpText("after", HELP)
    .exitOverride();
  addDemo(program, finish);
  addRun(program, finish);
  addServe(program, finish);
  addShards(program, finish);
  addStack(program, finish);
  addReport(program);
  addRuns(program);
  addCheck(program, finish);
  addCompare(program, finish);
  addCapacity(program, finish);
  addWhatIf(program, finish);
  addRules(program);
  addTools(program, finish);
  dressHelp(program);
  return program;
}
