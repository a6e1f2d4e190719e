import { join } from "node:path";
import type { Command } from "commander";
import { rewriteReports } from "../report/write.ts";

/** `hotshard report DIR`: makes the pages again from what the run wrote. */
export function addReport(program: Command): void {
  program
    .command("report")
    .summary("make report.html, report.md and junit.xml again from DIR/result.json")
    .argument("<dir>", "a run's folder")
    .action(async (dir: string) => {
      await rewriteReports(dir);
      for (const page of ["report.html", "report.md", "junit.xml"]) process.stdout.write(`${join(dir, page)}\n`);
    });
}
