import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { test } from "node:test";
import { ARRIVAL_MODELS } from "../loadtest/traffic/arrivals/registry.ts";
import { SCENARIOS } from "../loadtest/traffic/stories/registry.ts";

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

test("the harness knows of the server what is pure: its protocol, its placement, its statistics", () => {
  const allowed =
    /^(?:loadtest\/|tools\/stack\/|server\/(?:protocol|placement|statistics)\/|server\/config-error\.ts$)/u;
  for (const folder of ["loadtest", "tools/stack"]) {
    assert.deepEqual(
      breaches(folder, (target) => allowed.test(target)),
      [],
    );
  }
});

/**
 * What each room of the harness may import, types included: of those above it in this table, and nothing below, so there is no
 * circle. `system` is files, folders and addresses of this machine.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  stats: [],
  system: [],
  traffic: ["stats"],
  measurement: ["traffic"],
  analysis: ["stats", "traffic", "measurement"],
  report: ["stats", "system", "traffic", "measurement", "analysis"],
  whatif: ["stats", "analysis"],
  rules: ["system"],
  drivers: ["stats", "system", "traffic", "measurement"],
  scenarios: ["drivers"],
  run: ["stats", "system", "traffic", "measurement", "analysis", "report", "whatif", "drivers"],
  experiments: ["stats", "system", "traffic", "measurement", "analysis", "report", "drivers", "run"],
  "../tools/stack": ["system", "drivers", "run"],
  commands: [
    "stats",
    "system",
    "traffic",
    "analysis",
    "report",
    "whatif",
    "rules",
    "drivers",
    "run",
    "experiments",
    "../tools/stack",
  ],
};

test("arrows between the rooms of the harness go one way, types included", () => {
  const folders = readdirSync(join(ROOT, "loadtest"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const rooms = Object.keys(ROOMS);
  assert.deepEqual(folders.map(({ name }) => name).toSorted(), rooms.filter((room) => !room.includes("/")).toSorted());
  for (const [at, room] of rooms.entries()) {
    for (const below of ROOMS[room]!) assert.ok(rooms.indexOf(below) < at, `${room} stands above ${below}`);
    const roots = [room, ...ROOMS[room]!].map((name) => `${join("loadtest", name)}/`);
    const found = breaches(
      join("loadtest", room),
      (target) => target.startsWith("server/") || roots.some((root) => target.startsWith(root)),
    );
    assert.deepEqual(found, []);
  }
});

test("no circle among the folders in a room of the harness", () => {
  const arrows = new Map<string, Set<string>>();
  for (const file of sources("loadtest")) {
    const room = file.split("/").slice(0, 2).join("/");
    const below = importsOf(file)
      .map(({ target }) => dirname(target))
      // Files beside the folders of a room, its contract above all, are for all of them.
      .filter((folder) => folder.startsWith(`${room}/`) && folder !== dirname(file));
    if (dirname(file) !== room) arrows.set(dirname(file), new Set([...(arrows.get(dirname(file)) ?? []), ...below]));
  }
  const left = new Map(arrows);
  for (let ends = [""]; ends.length > 0;) {
    ends = [...left.keys()].filter((folder) => [...left.get(folder)!].every((below) => !left.has(below)));
    for (const folder of ends) left.delete(folder);
  }
  assert.deepEqual([...left.keys()], []);
});

test("analysis, statistics and what-if's mathematics do no I/O", () => {
  const pure = ["stats", "traffic/stories", "measurement", "analysis"].flatMap((room) => sources(`loadtest/${room}`));
  const found = pure.flatMap((file) =>
    importsOf(file)
      // A digest is computed, and nothing is read for it.
      .filter(({ target }) => target.startsWith("node:") && target !== "node:crypto")
      .map(({ target }) => `${file} imports ${target}`),
  );
  assert.deepEqual(found, []);
});

/** What each folder of the server may import, types included; those below it, and nothing above: so there is no circle. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  placement: [],
  protocol: ["placement"],
  statistics: ["placement", "protocol"],
  observability: ["placement", "protocol", "statistics"],
  fabric: [],
  shards: ["placement", "protocol", "statistics"],
  topology: ["placement", "protocol", "statistics", "shards"],
  chat: ["placement", "protocol", "statistics", "shards", "topology", "fabric"],
  edge: ["placement", "protocol", "statistics", "observability", "shards", "topology", "chat"],
};
/** Files that everybody may import: those beside the folders, which import nothing of ours, and the types of the events. */
const COMMON = ["clock.ts", "config-error.ts", "guard.ts", "token-bucket.ts"];
const EVENTS = "observability/probe.ts";
/** What else a folder may import of the files beside the folders. */
const MORE: Readonly<Record<string, readonly string[]>> = { edge: ["config.ts"] };

test("arrows between the server's folders go one way, types included", () => {
  const folders = readdirSync(join(ROOT, "server"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(folders.map(({ name }) => name).toSorted(), Object.keys(ARROWS).toSorted());
  for (const [folder, below] of Object.entries(ARROWS)) {
    const files = new Set([...COMMON, EVENTS, ...(MORE[folder] ?? [])].map((name) => `server/${name}`));
    const roots = [folder, ...below].map((name) => `server/${name}/`);
    assert.deepEqual(
      breaches(`server/${folder}`, (target) => files.has(target) || roots.some((root) => target.startsWith(root))),
      [],
    );
  }
  assert.deepEqual(
    importsOf(`server/${EVENTS}`).filter(({ typeOnly }) => !typeOnly),
    [],
  );
  for (const name of COMMON) {
    assert.deepEqual(
      importsOf(`server/${name}`).filter(({ target }) => target.endsWith(".ts")),
      [],
      name,
    );
  }
});

test("only assembly and the edge know of WebSockets and Fastify", () => {
  const inner = Object.keys(ARROWS).filter((folder) => folder !== "edge");
  const found = inner.flatMap((folder) =>
    sources(`server/${folder}`).flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => /^(?:ws|fastify|@fastify\/)/u.test(target))
        .map(({ target }) => `${file} imports ${target}`),
    ),
  );
  assert.deepEqual(found, []);
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
  const rows = [...map.matchAll(/^\| (`[^|]+`) +\| (.*)$/gmu)].flatMap(([, where, what]) =>
    [...where!.matchAll(/`([^`]+)`/gu)].map(([, path]) => ({ path: path!, what: what! })),
  );
  const isNamed = (folder: string): boolean => {
    if (rows.some(({ path }) => path === folder)) return true;
    const row = rows.findLast(({ path }) => path.endsWith("/") && folder.startsWith(path));
    // A room's row names the folders in it.
    return row?.what.includes(`\`${basename(folder)}/\``) === true;
  };
  const folders = new Set(sources("server", "loadtest", "bench", "tools", "test").map((file) => `${dirname(file)}/`));
  const covered = [...folders].filter((folder) => !folder.startsWith("test/") || folder === "test/");
  for (const folder of covered) assert.ok(isNamed(folder), `docs/map.md does not name ${folder}`);
  for (const { path } of rows) {
    assert.ok(
      globSync(path.replace(/\/$/u, ""), { cwd: ROOT }).length > 0,
      `docs/map.md names ${path}, which is not there`,
    );
  }
  assert.ok(map.split("\n").length <= 72, "docs/map.md fits on one screen");
});

test("a file is one noun: none has more than 300 lines", () => {
  const long = sources("server", "loadtest", "bench", "tools").filter(
    (file) => readFileSync(join(ROOT, file), "utf8").split("\n").length > 301,
  );
  assert.deepEqual(long, []);
});

test("every scenario has its file for k6, and the documentation names every scenario and arrival model", () => {
  const files = globSync("loadtest/scenarios/*.ts", { cwd: ROOT }).map((file) => basename(file, ".ts"));
  const forK6 = SCENARIOS.filter(({ nodeOnly }) => !nodeOnly).map(({ name }) => name);
  assert.deepEqual(files.toSorted(), forK6.toSorted());
  const documentation = readFileSync(join(ROOT, "docs/scenarios.md"), "utf8");
  for (const { name } of SCENARIOS) assert.ok(documentation.includes(`\`${name}\``), `docs/scenarios.md: ${name}`);
  for (const { name } of ARRIVAL_MODELS) assert.ok(documentation.includes(`\`${name}:`), `docs/scenarios.md: ${name}`);
});

test("the schedule is made by operations that every engine computes alike", () => {
  const files = sources("loadtest/traffic").filter((file) => /arrivals\/|\/schedule\.ts$|phase-/u.test(file));
  for (const file of files) {
    assert.doesNotMatch(
      readFileSync(join(ROOT, file), "utf8"),
      /Math\.(?:sin|cos|tan|pow|exp|log\w*|cbrt|hypot)\(/u,
      file,
    );
  }
});
