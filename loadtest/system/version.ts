import { readFileSync } from "node:fs";

/** Version of this package; "unknown" when its manifest is not where a clone or an installation has it. */
export function packageVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
    } catch {
      continue;
    }
  }
  return "unknown";
}
