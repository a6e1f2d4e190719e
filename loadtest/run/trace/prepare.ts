import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryFolder, type TemporaryFolder } from "../../system/temporary-folder.ts";
import type { Dials } from "../../traffic/contract.ts";
import { compileTrace } from "./compile-trace.ts";
import { notWritten } from "../../system/not-written.ts";
import { trace } from "../../traffic/trace/trace.ts";

/** Dials of a story that is ready to be made. */
export interface Prepared {
  readonly dials: Dials;
  /** Removes what was made for it. */
  remove(): Promise<void>;
}

/** File in the run's folder that says which dialog stands for which key of the trace. */
export const NAMES_FILE = "trace-dialogs.csv.gz";

/**
 * Compiles a trace before its run; of every other scenario the dials are ready.
 *
 * @param out the run's folder
 * @param warn told a line for each kind of fault in the trace
 * @param signal ends it
 * @throws {ConfigError} as `compileTrace`
 */
export async function prepareStory(
  scenario: string,
  dials: Dials,
  out: string,
  warn: (line: string) => void,
  signal?: AbortSignal,
): Promise<Prepared> {
  if (scenario !== trace.name) return { dials, remove: async () => {} };
  const temporary = await makeFolder();
  const folder = temporary.path;
  const remove = async () => temporary.remove();
  try {
    const { summary, faults, reading } = await compileTrace({
      file: String(dials["trace"]),
      speed: Number(dials["speed"]),
      dials,
      folder,
      names: join(out, NAMES_FILE),
      ...(signal && { signal }),
    });
    if (reading?.eachOne === true && reading.time === null) {
      warn(`${String(dials["trace"])} was read as ${reading.format}: each line was counted as one message.`);
    }
    for (const { code, where, message, lines } of faults) {
      warn(`${code}: ${where}: ${message}${lines > 1 ? ` (${lines} lines)` : ""}`);
    }
    // A trace ends when it ends, and has the rate that it has.
    const durationS = Math.min(dials.durationS, Math.max(0.001, Math.ceil(summary.endMs) / 1000 - dials.warmupS));
    const rate = summary.messages / (dials.warmupS + durationS);
    return { dials: { ...dials, durationS, rate, plan: folder }, remove };
  } catch (error) {
    await remove();
    // What was there before the run, and could not be written over, may not go either.
    await rm(join(out, NAMES_FILE), { force: true }).catch(() => {});
    throw error;
  }
}

async function makeFolder(): Promise<TemporaryFolder> {
  try {
    return await temporaryFolder("trace");
  } catch (error) {
    throw notWritten(tmpdir(), error);
  }
}
