import { readFileSync } from "node:fs";

/** Version of this package; "unknown" when its manifest is not where a clone or an installation has it. */
export function packageVersion(): string {
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return "unknown";
}
