import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']/gmu;

interface Import {
  readonly typeOnly: boolean;
  /** Path from the root for a file of this repository, else the package's name. */
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(IMPORT)].map(([, type, specifier]) => ({
    typeOnly: type !== undefined,
    target: specifier!.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), specifier!)) : specifier!,
  }));
}

function sources(...folders: string[]): string[] {
  return folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }));
}

/** Everything that is loaded with `file`, itself included. */
function closure(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { target, typeOnly } of importsOf(file)) {
    if (!typeOnly && target.endsWith(".ts")) closure(target, seen);
  }
  return seen;
}

function breaches(folder: string, allowed: (target: string) => boolean): string[] {
  return sources(folder).flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => target.endsWith(".ts") && !allowed(target))
      .map(({ target }) => `${file} imports ${target}`),
  );
}

test("the server imports nothing from the harness", () => {
  assert.deepEqual(
    breaches("server", (target) => target.startsWith("server/")),
    [],
  );
});

test("the harness knows of the server only its protocol and its placement", () => {
  const allowed = /^(?:loadtest|server\/protocol|server\/placement)\//u;
  assert.deepEqual(
    breaches("loadtest", (target) => allowed.test(target)),
    [],
  );
});

test("protocol and placement stand alone", () => {
  const own = /^server\/(?:protocol|placement)\//u;
  for (const folder of ["server/protocol", "server/placement"]) {
    assert.deepEqual(
      breaches(folder, (target) => own.test(target)),
      [],
    );
  }
});

test("what k6 loads is pure: its own modules, ours, and nothing of Node", () => {
  const scenarios = globSync("loadtest/scenarios/*.ts", { cwd: ROOT });
  assert.ok(scenarios.length >= 2, "no scenarios found");
  const loaded = new Set(scenarios.flatMap((scenario) => [...closure(scenario)]));
  assert.ok(loaded.size > 10, "the closure was not followed");
  const foreign = [...loaded].flatMap((file) =>
    importsOf(file)
      .filter(({ target, typeOnly }) => !typeOnly && !target.endsWith(".ts") && !/^k6(?:\/|$)/u.test(target))
      .map(({ target }) => `${file} imports ${target}`),
  );
  assert.deepEqual(foreign, []);
  const impure = /\b(?:process|Buffer|TextEncoder|performance|structuredClone|require)\s*[.(]/u;
  for (const file of loaded) {
    const code = readFileSync(join(ROOT, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gmu, "");
    assert.doesNotMatch(code, impure, `${file} uses what k6 does not have`);
  }
});

test("types are imported as types, because k6 strips and does not check", () => {
  const files = [...new Set(sources("loadtest/scenarios").flatMap((file) => [...closure(file)]))];
  for (const file of files) {
    for (const { target, typeOnly } of importsOf(file)) {
      if (target.endsWith("contract.ts") && target.startsWith("loadtest/")) {
        assert.ok(typeOnly, `${file} imports ${target} without \`type\``);
      }
    }
  }
});

test("the map of the house names every folder of sources, and nothing that is not there", () => {
  const map = readFileSync(join(ROOT, "docs/map.md"), "utf8");
  const named = [...map.matchAll(/^\| `([^`]+)`\s*\|/gmu)].map((row) => row[1]!);
  const folders = new Set(sources("server", "loadtest", "bench", "tools", "test").map((file) => `${dirname(file)}/`));
  const covered = [...folders].filter((folder) => !folder.startsWith("test/") || folder === "test/");
  for (const folder of covered) assert.ok(named.includes(folder), `docs/map.md does not name ${folder}`);
  for (const path of named) {
    const found = globSync(path.replace(/\/$/u, ""), { cwd: ROOT });
    assert.ok(found.length > 0, `docs/map.md names ${path}, which is not there`);
  }
});

test("a file is one noun: none has more than 300 lines", () => {
  const long = sources("server", "loadtest", "bench", "tools").filter(
    (file) => readFileSync(join(ROOT, file), "utf8").split("\n").length > 301,
  );
  assert.deepEqual(long, []);
});
