import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dials } from "../traffic/contract.ts";
import { compileTrace } from "./compile-trace.ts";
import { notWritten } from "./not-written.ts";
import { trace } from "./trace.ts";

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
 * @throws {ConfigError} as `compileTrace`
 */
export async function prepareStory(
  scenario: string,
  dials: Dials,
  out: string,
  warn: (line: string) => void,
): Promise<Prepared> {
  if (scenario !== trace.name) return { dials, remove: async () => {} };
  const folder = await makeFolder(join(tmpdir(), "hotshard-trace-"));
  const remove = async () => rm(folder, { recursive: true, force: true });
  try {
    const { summary, faults } = await compileTrace({
      file: String(dials["trace"]),
      speed: Number(dials["speed"]),
      dials,
      folder,
      names: join(out, NAMES_FILE),
    });
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

async function makeFolder(prefix: string): Promise<string> {
  try {
    return await mkdtemp(prefix);
  } catch (error) {
    throw notWritten(prefix, error);
  }
}
