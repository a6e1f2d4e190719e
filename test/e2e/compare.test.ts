import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Check } from "typebox/value";
import { CapacitySchema, type Capacity } from "../../loadtest/analysis/result/capacity.ts";
import { ComparisonSchema, type Comparison } from "../../loadtest/analysis/result/comparison.ts";
import { writeRun } from "../../loadtest/report/write.ts";
import { syntheticRun, type SyntheticOptions } from "../support/synthetic-run.ts";

const HOTSHARD = join(import.meta.dirname, "../../bin/hotshard.js");

async function hotshard(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [HOTSHARD, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("hotshard compare and capacity", () => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-compare-"));
  const at = (name: string) => join(folder, name);
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function write(name: string, options: SyntheticOptions): Promise<void> {
    await writeRun(at(name), { ...syntheticRun(options), dialogs: [{ dialog: "1_2", shard: "00", count: 500 }] });
  }

  test("two folders: the table, the files, and the exit code that a CI asks for", async () => {
    await write("before", { noise: 1 });
    await write("after", { noise: 2, slow: { "01": 1.2 } });
    const { code, stderr, stdout } = await hotshard("compare", at("before"), at("after"), "--out", at("c"), "--json");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Shard 01 is worse: /u);
    const comparison = JSON.parse(stdout) as Comparison;
    assert.ok(Check(ComparisonSchema, comparison));
    assert.deepEqual(comparison, JSON.parse(readFileSync(at("c/compare.json"), "utf8")));
    assert.match(readFileSync(at("c/compare.md"), "utf8"), /^# Shard 01 is worse/u);
    assert.match(readFileSync(at("c/compare.html"), "utf8"), /^<!doctype html>/u);
    const failing = await hotshard("compare", at("before"), at("after"), "--out", at("c"), "--fail-on-worse");
    assert.equal(failing.code, 1);
    assert.match(failing.stdout, /^Shard 01 is worse: [^]*\nReport: \S+compare\.html\n$/u);
    assert.equal(failing.stderr, "");
    const wide = await hotshard(
      "compare",
      at("before"),
      at("after"),
      "--out",
      at("c"),
      "--fail-on-worse",
      "--tolerance",
      "50%",
    );
    assert.equal(wide.code, 0, wide.stderr);
  });

  test("what cannot be compared, and bad options, are one line and exit code 2", async () => {
    await write("eight", { noise: 3, shards: 8 });
    const table: [string[], RegExp][] = [
      [[at("before"), at("eight")], /^hotshard: NOT_COMPARABLE: SHARDS: .* --allow SHARDS compares all the same\n$/u],
      [[at("before"), at("before")], /^hotshard: NOT_COMPARABLE: SAME_RUN: [^\n]*\n$/u],
      [[at("before"), at("nowhere")], /^hotshard: NO_RESULT: [^\n]*\n$/u],
      [[at("before"), at("after"), "--tolerance", "much", "--allow", "LUCK"], /BAD_OPTIONS: --tolerance .* --allow /u],
      [["--interleave", "random", "random", "--rounds", "7"], /BAD_OPTIONS: --rounds /u],
      [["--interleave", "random", "random", "--rounds", "4"], /BAD_OPTIONS: --rounds is an even number from 6/u],
      [["--interleave", "random 'x", "random"], /BAD_OPTIONS: A: a quote/u],
    ];
    for (const [args, expected] of table) {
      const { code, stderr } = await hotshard("compare", ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    }
  });

  test("in alternation both settings are checked before the first run", async () => {
    const settings = ["random --rate 0", "random --shards 4?commitMs=x"];
    const { code, stderr } = await hotshard("compare", "--interleave", ...settings, "--out", at("i"));
    assert.equal(code, 2);
    assert.match(stderr, /^hotshard: BAD_OPTIONS: A: rate [^\n]*; B: [^\n]*commitMs[^\n]*\n$/u);
    assert.ok(!existsSync(at("i")));
    const checked = await hotshard("run", "random", "--rate", "50", "--check", "--out", at("i"));
    assert.deepEqual([checked.code, checked.stderr, existsSync(at("i"))], [0, "", false]);
    const refused = await hotshard("run", "random", "--driver", "node", "--prometheus", "nowhere", "--check");
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /^hotshard: BAD_PROMETHEUS: /u);
  });

  test("capacity: real runs between a rate that passes and one that cannot, and the files of both", async () => {
    const args = [
      "random",
      "--driver",
      "node",
      "--users",
      "40",
      "--shards",
      "2?commitMs=20&maxRows=2",
      "--rate",
      "100",
    ];
    const search = [
      "--until",
      "delivery.p50<150ms",
      "--duration",
      "3s",
      "--warmup",
      "500ms",
      "--precision",
      "100%",
      "--within",
      "2m",
    ];
    const { code, stderr, stdout } = await hotshard("capacity", ...args, ...search, "--out", at("cap"), "--json");
    const capacity = JSON.parse(stdout) as Capacity;
    assert.ok(Check(CapacitySchema, capacity), stdout);
    assert.deepEqual(capacity, JSON.parse(readFileSync(at("cap/capacity.json"), "utf8")));
    assert.ok(capacity.steps.length > 0 && /about \d+ to \d+ runs of 3s/u.test(stderr));
    // Two shards of 100 rows a second; on a busy machine the generator may give up first, and says so.
    if (capacity.ceiling !== "threshold" || capacity.estimate === null) return;
    assert.equal(code, 0, stderr);
    assert.ok(capacity.high! / capacity.low! <= 2 && capacity.estimate >= 50 && capacity.estimate <= 400, stderr);
  });

  test("capacity: on the way down to rates at which a run is too short to know, the search ends and says so", async () => {
    const given = "random --driver node --users 40 --shards 2 --rate 800 --warmup 100ms";
    const search = ["--until", "delivery.p99<1us", "--duration", "1s", "--out", at("down")];
    const { code, stderr, stdout } = await hotshard("capacity", ...given.split(" "), ...search);
    const capacity = JSON.parse(readFileSync(at("down/capacity.json"), "utf8")) as Capacity;
    assert.ok(capacity.low === null && capacity.steps.length > 0, stderr);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^\S[^]*\n\nRuns: \S+down\n$/u, "what was asked for is on stdout");
    assert.match(stderr, /until delivery\.p99<1us: about/u);
    assert.match(capacity.stopped!, /^at [\d.]+\/s a run of this --duration is too short to know$/u);
    assert.match(capacity.command, /^hotshard capacity random .* --precision \S+ --within \S+$/u);
  });

  test("capacity refuses what it cannot search", async () => {
    const table: [string[], RegExp][] = [
      [["random", "--until", "delivery.p9<50ms"], /BAD_THRESHOLD: --until 'delivery\.p9/u],
      [
        ["random", "--until", "delivery.p99<50ms", "--rate", "100", "--duration", "2s"],
        /\nhotshard: TOO_SHORT: --until delivery\.p99<50ms needs 368 deliveries /u,
      ],
      [["random", "--until", "delivery.p99<50ms", "--precision", "0", "--within", "soon"], /--precision .*--within /u],
      [["nothing", "--until", "delivery.p99<50ms", "--out", at("cap2")], /NO_SUCH_SCENARIO|there is no scenario/u],
    ];
    for (const [args, expected] of table) {
      const { code, stderr } = await hotshard("capacity", ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    }
  });
});
