import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import { EXIT } from "../../loadtest/run/exit-code.ts";
import type { Result } from "../../loadtest/analysis/result/result.ts";
import { assertMeasured } from "../support/measured.ts";
import { findK6, skipWithoutK6 } from "../support/k6.ts";

const ROOT = join(import.meta.dirname, "../..");
/** The oldest that `engines` allows; npm's package `node` brings it. */
const OLDEST_NODE = "22.13.0";
const run = promisify(execFile);

/** What `npm pack --json` says of the package. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** What somebody may write who has only the package. */
const USER = `
import { dialogId, parsePlacement, type Placement, type Result, type Story } from "hotshard";
const { entry, options } = parsePlacement("ring:virtualNodes=64");
const placement: Placement = entry.make([{ label: "00", weight: 1 }], options);
const isGood = ({ skew }: Pick<Result, "skew">): boolean => skew.maxOverMean < 1.2;
const hot: Story["isHot"] = (author, to) => author + to === 3;
// @ts-expect-error a result says it in numbers
export const wrong: Result["skew"]["maxOverMean"] = "high";
const dialog = dialogId(2, 1);
if (hot(1, 2)) console.log(dialog + " lies on shard 0" + placement.place(dialog, 0n));
export { isGood };
`;

async function npm(args: string[], cwd: string): Promise<string> {
  return (await run("npm", args, { cwd, maxBuffer: 1e8 })).stdout;
}

/** The package as a user has it: packed, and installed into a folder that holds nothing else. */
describe("the npm package", () => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-package-"));
  const home = join(folder, "node_modules/hotshard");
  const oldest = join(folder, "node_modules/node/bin/node");
  let packed: Packed;

  before(async () => {
    const said = await npm(["pack", "--json", "--pack-destination", folder], ROOT);
    packed = Object.values(JSON.parse(said.slice(said.search(/^[[{]/mu))) as Packed[])[0]!;
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ private: true, type: "module", allowScripts: { node: true } }),
    );
    const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    await npm(["install", ...quiet, join(folder, packed.filename), `node@${OLDEST_NODE}`], folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("it is small: compiled code and what that reads, no sources but the examples, no tests, no Node", () => {
    const strange = packed.files
      .map(({ path }) => path)
      .filter((path) => /(?<!\.d|^examples\/[\w-]+)\.ts$|^(?:test|bench|docs|tools\/(?!k6\/))/u.test(path));
    assert.deepEqual(strange, []);
    assert.ok(packed.size < 600_000, `${packed.size} bytes`);
    const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { dependencies: object };
    assert.ok(!("node" in dependencies));
  });

  test("every module and thread that the code names is there", () => {
    const files = globSync("dist/**/*.js", { cwd: home });
    assert.ok(files.length > 100);
    for (const file of files) {
      const code = readFileSync(join(home, file), "utf8");
      const named = [
        ...[...code.matchAll(/^(?:import|export)\b.* from "(\.[^"]+)"/gmu)].map((match) => match[1]!),
        ...[...code.matchAll(/new URL\(`(\.[^`$]+)\$\{extname\(/gu)].map((match) => `${match[1]!}.js`),
      ];
      for (const name of named) {
        assert.ok(existsSync(join(home, dirname(file), name)), `${file} names ${name}`);
      }
    }
  });

  test("it runs under this Node and the oldest one, with a server of its own", async (t) => {
    assert.equal((await run(oldest, ["--version"])).stdout.trim(), `v${OLDEST_NODE}`);
    for (const node of [process.execPath, oldest]) {
      const result = await hotshard(t, node, "run", "random", ...SHORT, "--driver", "node", "--warmup", "0s");
      assert.ok(result.traffic.acked > 100, JSON.stringify(result.traffic));
      assert.equal(result.audit.match, true);
    }
  });

  test("k6 runs the compiled scenario, by itself and for the command", { skip: skipWithoutK6 }, async (t) => {
    const served = spawn(oldest, [COMMAND, "serve", "--port", "0", "--log", "error", "--data", join(folder, "data")], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = once(served, "exit");
    try {
      const [line] = (await once(createInterface(served.stdout), "line")) as [string];
      const { listening } = JSON.parse(line) as { listening: string };
      const live = await (await fetch(listening)).text();
      assert.match(live, /<html/u, "the live page is not in the package");
      const url = `${listening.replace("http", "ws")}/chat`;
      const dials = ["USERS=40", "RATE=200", "DURATION=2s", "HOT_SHARE=0.4", "WARMUP=0s", "CONNECT=1s", `URL=${url}`];
      const script = "node_modules/hotshard/dist/loadtest/scenarios/lady-gaga.js";
      const args = ["run", "--quiet", ...dials.flatMap((dial) => ["-e", dial]), script];
      const { stdout, code } = await outcome(findK6()!, args, HERMETIC);
      // 99: a busy machine made the generator late.
      assert.ok(code === 0 || code === 99, stdout);
      assert.match(stdout, /max\/mean \d/u);
      const result = await hotshard(t, process.execPath, "run", "lady-gaga", ...SHORT, "--driver", "k6", "--url", url);
      assert.equal(result.audit.match, true);
      await matchesSchema(result);
    } finally {
      served.kill("SIGTERM");
      await gone;
    }
  });

  test("types of what users import", async () => {
    writeFileSync(join(folder, "user.ts"), USER);
    copyFileSync(join(home, "examples/support-desk.ts"), join(folder, "support-desk.ts"));
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2024", "--types", ""];
    await run(
      process.execPath,
      [join(ROOT, "node_modules/typescript/bin/tsc"), ...options, "user.ts", "support-desk.ts"],
      {
        cwd: folder,
      },
    ).catch((error: { stdout: string }) => assert.fail(error.stdout));
    const { stdout } = await run(process.execPath, ["user.ts"], { cwd: folder });
    assert.equal(stdout, "1_2 lies on shard 00\n");
  });

  const COMMAND = "node_modules/.bin/hotshard";
  const SHORT = ["--users", "40", "--rate", "200", "--duration", "2s"];
  const HERMETIC = { K6_NO_USAGE_REPORT: "true", K6_AUTO_EXTENSION_RESOLUTION: "false" };

  async function outcome(program: string, args: string[], more: Readonly<Record<string, string>> = {}) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("HOTSHARD_") || name === "HOTSHARD_K6");
    const options = { cwd: folder, env: { ...Object.fromEntries(own), ...more }, maxBuffer: 1e8 };
    return await run(program, args, options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  /** @returns the result document of a run that is VALID, or that this machine spoiled */
  async function hotshard(t: TestContext, node: string, ...args: string[]): Promise<Result> {
    const { code, stdout, stderr } = await outcome(node, [COMMAND, ...args, "--json"]);
    assert.ok(code === EXIT.good || code === EXIT.invalid, stderr);
    const result = JSON.parse(stdout) as Result;
    assertMeasured(t, result);
    return result;
  }

  async function matchesSchema(result: Result): Promise<void> {
    const print = 'import s from "hotshard/result.schema.json" with { type: "json" }; console.log(JSON.stringify(s))';
    const { stdout } = await outcome(oldest, ["--input-type=module", "--eval", print]);
    const validate = new Ajv2020().compile(JSON.parse(stdout) as object);
    assert.ok(validate(result), JSON.stringify(validate.errors));
  }
});
