import { join } from "node:path";
import type { Command } from "commander";
import { openPage } from "../system/open-page.ts";
import { rewriteReports } from "../report/write.ts";

/** `hotshard report DIR`: makes the pages again from what the run wrote. */
export function addReport(program: Command): void {
  program
    .command("report")
    .summary("make report.html, report.md and junit.xml again from DIR/result.json")
    .description("Makes report.html, report.md and junit.xml again from what a run has written.")
    .argument("<dir>", "a run's folder")
    .option("--open", "open the page in the browser")
    .addHelpText("after", "\nExample:\n  hotshard report runs/2026-11-22T13-05-00-lady-gaga --open")
    .action(async (dir: string, { open }: { open?: boolean }) => {
      await rewriteReports(dir);
      for (const page of ["report.html", "report.md", "junit.xml"]) process.stdout.write(`${join(dir, page)}\n`);
      const trouble = open === true ? await openPage(join(dir, "report.html")) : null;
      if (trouble !== null) process.stderr.write(`${trouble}\n`);
    });
}
