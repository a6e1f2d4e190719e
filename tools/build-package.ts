import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMAS } from "./schemas.ts";

/**
 * Makes `dist/`, which the npm package carries in place of the sources: Node refuses to strip types below node_modules.
 * `npm pack` and `npm publish` run it (`prepack`). Code first, then declarations of what `loadtest/api.ts` exports,
 * then every file that is read at run time, beside the code that reads it, and the JSON Schemas.
 */
const root = join(import.meta.dirname, "..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const ASSETS = ["server/edge/live/page/**"];

rmSync(join(root, "dist"), { recursive: true, force: true });
for (const project of ["tsconfig.build.json", "tsconfig.types.json"]) {
  execFileSync(process.execPath, [tsc, "-p", project], { cwd: root, stdio: "inherit" });
}
for (const file of globSync(ASSETS, { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile())) {
  const path = join(file.parentPath, file.name);
  cpSync(path, path.replace(root, join(root, "dist")));
}
mkdirSync(join(root, "dist/schema"));
for (const [name, schema] of Object.entries(SCHEMAS)) {
  writeFileSync(join(root, `dist/schema/${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
