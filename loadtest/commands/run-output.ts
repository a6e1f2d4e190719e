import { join } from "node:path";
import type { Progress } from "../drivers/contract.ts";
import { exitCodeOf } from "../run/exit-code.ts";
import { createLiveView } from "../run/live-view.ts";
import { openPage } from "../system/open-page.ts";
import type { Result } from "../analysis/result/result.ts";
import { terminalReport } from "../report/reports.ts";
import { wrap } from "../report/render/terminal.ts";

/** What scripts read on stdout: nothing, the result document, or one event a line with the result as the last. */
export type OutputKind = "none" | "document" | "lines";

/** One line of `--json-lines`. */
type RunEvent =
  | {
      readonly event: "start";
      readonly scenario: string;
      readonly driver: string;
      readonly command: string;
      readonly out: string;
    }
  | ({ readonly event: "progress" } & Progress)
  | { readonly event: "result"; readonly exitCode: number; readonly out: string; readonly result: Result };

/** What a run tells people on stderr and scripts on stdout. */
export interface RunOutput {
  /** What people should know of a run beside its result. */
  readonly warn: (line: string) => void;
  start(driver: string, command: string): void;
  readonly progress: (progress: Progress) => void;
  /** No more progress will come. */
  readonly end: () => void;
  result(result: Result): Promise<void>;
}

export interface RunOutputOptions {
  readonly kind: OutputKind;
  /** Whether the report is opened in the browser. */
  readonly opens: boolean;
  readonly scenario: string;
  /** Asked for, messages per second; null when it is another from second to second. */
  readonly rate: number | null;
  readonly out: string;
}

export function createRunOutput({ kind, opens, scenario, rate, out }: RunOutputOptions): RunOutput {
  const live = createLiveView(scenario, process.stderr, rate === null ? {} : { rate });
  const line = (event: RunEvent) => {
    if (kind === "lines") process.stdout.write(`${JSON.stringify(event)}\n`);
  };
  return {
    warn(text) {
      // A view that is redrawn would be drawn over it.
      live.end();
      const columns = Math.max(60, process.stderr.columns ?? Number.POSITIVE_INFINITY);
      process.stderr.write(`${wrap(text, columns)}\n`);
    },
    start: (driver, command) => line({ event: "start", scenario, driver, command, out }),
    progress(progress) {
      live.show(progress);
      line({ event: "progress", ...progress });
    },
    end: () => live.end(),
    async result(result) {
      const page = join(out, "report.html");
      process.stderr.write(`${terminalReport(result, process.stderr)}\nReport: ${page}\n`);
      if (kind === "document") process.stdout.write(`${JSON.stringify(result)}\n`);
      line({ event: "result", exitCode: exitCodeOf(result), out, result });
      const trouble = opens ? await openPage(page) : null;
      if (trouble !== null) process.stderr.write(`${trouble}\n`);
    },
  };
}
