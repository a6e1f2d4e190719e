import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../..");

/**
 * @returns by URL, the text of each file that the mutant changes
 * @throws {Error} when a piece is not in its file exactly once
 */
export function mutatedSources({ edits, name }: Mutant): Map<string, string> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of edits) {
    const url = pathToFileURL(join(ROOT, file)).href;
    const text = sources.get(url) ?? readFileSync(join(ROOT, file), "utf8");
    const found = text.split(find).length - 1;
    if (found !== 1) throw new Error(`mutant "${name}": its piece is ${found} times in ${file}, not once: ${find}`);
    sources.set(
      url,
      text.replace(find, () => replace),
    );
  }
  return sources;
}
