import type { Command } from "commander";
import { rewriteReports } from "../report/write.ts";

/** `hotshard report DIR`: makes the pages again from what the run wrote. */
export function addReport(program: Command): void {
  program
    .command("report")
    .summary("make report.html, report.md and junit.xml again from DIR/result.json")
    .argument("<dir>", "a run's folder")
    .action(async (dir: string) => {
      for (const file of await rewriteReports(dir)) process.stdout.write(`${file}\n`);
    });
}
