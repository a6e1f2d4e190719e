import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { PINNED_PROMETHEUS, pinnedFolder } from "../../../tools/stack/pinned.ts";
import { everyProgram, PROMTOOL } from "../../../tools/stack/programs.ts";
import { installPrometheus } from "../../../tools/stack/install.ts";
import { temporaryFolder } from "../../support/server.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** A machine with an empty cache and a Go that runs `build` for each package, in the folder that it shall fill. */
function machine(t: TestContext, build: string) {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const go = join(folder, "go");
  writeFileSync(
    go,
    `#!/bin/sh
[ "$1" = env ] && echo go1.26.0 && exit
while [ "$1" != -o ]; do shift; done
cd "$2" && shift 2
for package; do ${build}; done
`,
    { mode: 0o755 },
  );
  return { HOTSHARD_CACHE: join(folder, "cache"), HOTSHARD_GO: go, PATH: "/usr/bin:/bin" };
}

const WRITES =
  '(echo "#!/bin/sh"; echo) > "${package##*/}"; chmod +x "${package##*/}"; echo >> "../${package##*/}.runs"';

test("what was built is found, and not built again", async (t) => {
  const env = machine(t, WRITES);
  const lines: string[] = [];
  const install = () => installPrometheus((line) => lines.push(line), env);
  const folder = pinnedFolder(env);
  const programs = [join(folder, "prometheus"), join(folder, "promtool")];
  // A part of it from a build that somebody broke.
  mkdirSync(folder, { recursive: true });
  writeFileSync(programs[0]!, "");
  assert.deepEqual(await install(), programs);
  assert.deepEqual(await install(), programs);
  assert.equal(readFileSync(join(env.HOTSHARD_CACHE, "promtool.runs"), "utf8"), "\n", "built once");
  rmSync(folder, { recursive: true });
  assert.deepEqual(await Promise.all([install(), install()]), [programs, programs]);
  assert.equal((await everyProgram(PROMTOOL, env)).at(-1), programs[1]);
  assert.ok(readdirSync(env.HOTSHARD_CACHE).every((name) => !name.startsWith(".new-")));
  assert.match(lines.join("\n"), /building Prometheus 3\.\d+\.\d+ and its promtool: five minutes/u);
});

test("without Go, and when Go fails, the reason is told and nothing is left", async (t) => {
  const env = machine(t, 'echo "no space left" >&2; exit 1');
  const fails = (reason: RegExp, other: object = {}) =>
    assert.rejects(
      installPrometheus(() => {}, { ...env, ...other }),
      { code: "BUILD_FAILED", message: reason },
    );
  await fails(/^Prometheus 3\.\d+\.\d+ could not be built: go build failed: no space left\. Install it/u);
  await fails(/does not start; Go 1\.25 or newer is needed/u, { HOTSHARD_GO: "/nowhere/go" });
  assert.deepEqual(readdirSync(env.HOTSHARD_CACHE), []);
});

test("the module builds the version of docker-compose.yml", () => {
  const { version, module, linkerFlags, what } = PINNED_PROMETHEUS;
  const compose = readFileSync(join(ROOT, "docker-compose.yml"), "utf8");
  assert.match(compose, new RegExp(`image: \\w+/prometheus:v?${version}\n`, "u"));
  // Prometheus is v0.311.3 as a module of Go.
  const required = readFileSync(join(ROOT, "tools", module, "go.mod"), "utf8");
  const goVersion = version.replace(/^3\.(\d+)/u, "0.3$1");
  assert.match(required, new RegExp(`^require \\S+/prometheus\\S* v${goVersion}$`, "mu"));
  assert.ok(linkerFlags.endsWith(`=${version}`) && what.includes(` ${version}`));
  assert.ok(existsSync(join(ROOT, "tools", module, "go.sum")));
});
