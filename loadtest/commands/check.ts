import type { Command } from "commander";
import { historyEvidence } from "../report/documents/run/history.ts";
import { terminal } from "../report/render/terminal.ts";
import { readResult } from "../report/run-folder.ts";
import { anomaliesInWords, historyInWords } from "../report/words/history.ts";
import { EXIT } from "../run/exit-code.ts";
import { checkLog } from "../run/history/check-log.ts";

/** `hotshard check DIR`: whether what a run's users sent, were told and read is what the protocol promises. */
export function addCheck(program: Command, finish: (code: number) => void): void {
  program
    .command("check")
    .summary("check the operation log of DIR: lost, repeated, moved messages")
    .description(
      "Checks the operation log that a run with --log has left: whether a message\n" +
        "was lost, vanished, stale, duplicated, reordered or made up, and prints the\nlines that prove it.",
    )
    .argument("<dir>", "a run's folder")
    .option("--json", "print what was found as JSON on stdout")
    .addHelpText(
      "after",
      "\nExit codes: 0 no anomaly, 1 an anomaly, 5 none found, but some dialogs could not\n" +
        "be read to their end.\n\nExamples:\n  hotshard run random --log 1 --out runs/logged\n  hotshard check runs/logged",
    )
    .action(async (dir: string, { json }: { json?: boolean }) => {
      const { run } = await readResult(dir);
      const check = await checkLog(dir, Date.parse(run.startedAt));
      process.stdout.write(
        json === true
          ? `${JSON.stringify(check, null, 2)}\n`
          : terminal([[{ kind: "sentence", text: historyInWords(check) }], historyEvidence(check)], process.stdout),
      );
      finish(anomaliesInWords(check) !== "" ? EXIT.failed : check.unread > 0 ? EXIT.partial : EXIT.good);
    });
}
