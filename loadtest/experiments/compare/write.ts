import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../../server/config-error.ts";
import type { Comparison } from "../../analysis/result/comparison.ts";
import { markdownComparison, htmlComparison } from "../../report/reports.ts";
import { makeFolder } from "../../system/make-folder.ts";

/**
 * Writes `compare.json`, `compare.md` and `compare.html`.
 *
 * @throws {ConfigError} BAD_OUT when the folder cannot be written
 */
export async function writeComparison(folder: string, comparison: Comparison): Promise<void> {
  try {
    await makeFolder(folder);
    await writeFile(join(folder, "compare.json"), `${JSON.stringify(comparison, null, 2)}\n`);
    await writeFile(join(folder, "compare.md"), markdownComparison(comparison));
    await writeFile(join(folder, "compare.html"), htmlComparison(comparison));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError("BAD_OUT", `--out ${folder} cannot be written (${reason}); name another one`);
  }
}
