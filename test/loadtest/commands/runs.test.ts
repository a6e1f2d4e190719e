import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import { writeRun } from "../../../loadtest/report/write.ts";
import { freshFolder, type RunFolder } from "../../../loadtest/run/folders.ts";
import { NAMES_FILE } from "../../../loadtest/run/trace/prepare.ts";
import { SERVER_METRICS } from "../../../loadtest/run/server-metrics/sampler.ts";
import { runEvidence } from "../../support/run-evidence.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const top = mkdtempSync(join(tmpdir(), "hotshard-runs-"));
const dir = join(top, "runs");
const DAY_MS = 86_400_000;
after(() => rmSync(top, { recursive: true, force: true }));

function hotshard(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [HOTSHARD, "runs", ...args], { encoding: "utf8" });
  assert.doesNotMatch(stderr, /\n {4}at /u, "a stack is shown");
  return { status, stdout, stderr };
}

/** Four runs, a day apart, one of them in a demo's folder; and much that is none. */
before(async () => {
  const evidence = runEvidence({ rate: 200, durationS: 2 });
  const names = ["newest", "demo-x/3-lady-gaga", "old", "oldest"];
  for (const [days, name] of names.entries()) {
    const startedAt = new Date(Date.now() - (days + 0.5) * DAY_MS).toISOString();
    const result = buildResult({
      ...evidence,
      runId: `run${days}`,
      measurement: { ...evidence.measurement, startedAt },
    });
    await writeRun(join(dir, name), { result, slices: [], dialogs: evidence.dialogs.dialogs });
  }
  writeFileSync(join(dir, "old", "notes.txt"), "mine");
  for (const file of [NAMES_FILE, SERVER_METRICS]) writeFileSync(join(dir, "oldest", file), "");
  mkdirSync(join(dir, "photos"));
  writeFileSync(join(dir, "photos", "result.json"), '{"version":1,"run":{"id":"a"}}');
  mkdirSync(join(dir, "broken"));
  writeFileSync(join(dir, "broken", "result.json"), "{");
  cpSync(join(dir, "newest"), join(dir, "future"), { recursive: true });
  const newer: unknown = { ...JSON.parse(readFileSync(join(dir, "newest", "result.json"), "utf8")), version: 99 };
  writeFileSync(join(dir, "future", "result.json"), JSON.stringify(newer));
  for (const [name, age] of [
    ["future", 20],
    ["broken", 30],
  ] as const) {
    const written = new Date(Date.now() - age * DAY_MS);
    utimesSync(join(dir, name, "result.json"), written, written);
  }
  writeFileSync(join(dir, "a-file"), "");
  cpSync(join(dir, "oldest"), join(top, "elsewhere"), { recursive: true });
  symlinkSync(join(top, "elsewhere"), join(dir, "link"));
  symlinkSync(dir, join(dir, "circle"));
});

test("lists runs, the newest first, those that cannot be read for what they are, and nothing else", () => {
  const { status, stdout } = hotshard("list", "--dir", dir, "--json");
  assert.equal(status, 0);
  const runs = JSON.parse(stdout) as RunFolder[];
  assert.deepEqual(
    runs.map(({ name, verdict, readable }) => [name, verdict, readable]),
    [
      ["newest", "VALID", true],
      ["demo-x/3-lady-gaga", "VALID", true],
      ["old", "VALID", true],
      ["oldest", "VALID", true],
      ["future", "newer hotshard", false],
      ["broken", "unreadable", false],
    ],
  );
  assert.ok(runs.every(({ messages, bytes, readable }) => !readable || (messages === 800 && bytes > 10_000)));
  const lines = hotshard("--dir", dir).stdout.trimEnd().split("\n");
  assert.match(lines[1]!, /^\d{4}-\d\d-\d\d \d\d:\d\d UTC +VALID +\d\.\d\d\s× +800 +\d+\skB {2}newest$/u);
  assert.match(lines[5]!, / newer hotshard +– +– +\d+\skB {2}future$/u);
  assert.match(lines[6]!, / unreadable +– +– +1\skB {2}broken$/u);
  assert.equal(lines.length, 7);
});

test("shows a run by folder, id or as the latest", () => {
  for (const name of ["demo-x/3-lady-gaga", "run1"]) {
    const { status, stdout, stderr } = hotshard("show", name, "--dir", dir);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^VALID$[^]*Report: .*demo-x\/3-lady-gaga\/report\.html/mu);
  }
  assert.match(hotshard("show", "latest", "--dir", dir).stdout, /newest\/report\.html/u);
  assert.match(hotshard("show", join(top, "elsewhere"), "--dir", top).stdout, /elsewhere\/report\.html/u);
  const unknown = hotshard("show", "oldst", "--dir", dir);
  assert.deepEqual([unknown.status, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /NO_RESULT: there is no run oldst in .*did you mean oldest\?/u);
});

test("bad usage is one line", () => {
  const table = [
    [["prune"], /BAD_OPTIONS: give --older-than, --keep, or both/u],
    [["prune", "--older-than", "soon", "--keep", "-1"], /--older-than soon: .*; --keep -1: /u],
    [["prune", "--older-than", "5", "--dir", dir], /BAD_OPTIONS: --older-than 5: an age with its unit, like 12h/u],
    [["list", "--dir", join(top, "nowhere")], /NO_RUNS: there is no folder .*nowhere/u],
    [["prune", "--keep", "1", "--dir", join(dir, "a-file")], /NO_RUNS: /u],
    [["show", "latest", "--dir", join(dir, "photos")], /NO_RESULT: there is no run in/u],
  ] as const;
  for (const [args, message] of table) {
    const { status, stderr } = hotshard(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test("prune: a dry run deletes nothing; the real one deletes runs and only what runs write", () => {
  // readdirSync follows links, and one of them is a circle.
  const all = () =>
    spawnSync("find", [top, "-mindepth", "1", "-printf", "%P\n"], { encoding: "utf8" }).stdout.split("\n").sort();
  const untouched = all();
  const dry = hotshard("prune", "--older-than", "40h", "--dry-run", "--dir", dir);
  assert.deepEqual(all(), untouched);
  assert.deepEqual(
    dry.stdout.match(/would delete .*/gu)?.map((line) => line.slice(line.lastIndexOf("/") + 1)),
    ["old", "oldest"],
  );
  const left = "Left alone, as this hotshard cannot read them: future (newer hotshard), broken (unreadable).";
  assert.match(dry.stderr, /^2 of 4 runs would be deleted/u);
  assert.ok(dry.stderr.includes(left), dry.stderr);

  const real = hotshard("prune", "--keep", "2", "--dir", dir);
  assert.equal(real.status, 0, real.stderr);
  assert.match(real.stdout, /deleted .*\/old; the folder stays, with notes\.txt\n/u);
  assert.deepEqual(
    all(),
    untouched.filter((name) => !/^runs\/(?:oldest$|old(?:est)?\/(?!notes\.txt$))/u.test(name)),
  );
  assert.ok(existsSync(join(top, "elsewhere", "result.json")), "links are not followed");
  assert.match(hotshard("prune", "--older-than", "12h", "--keep", "9", "--dir", dir).stderr, /^2 of 2 runs deleted/u);
  assert.deepEqual(readdirSync(dir).sort(), ["a-file", "broken", "circle", "future", "link", "old", "photos"]);
});

test("runs that start in the same second have a folder each", async () => {
  const now = new Date("2026-11-22T18:00:10.500Z");
  const claimed = await Promise.all(
    Array.from({ length: 3 }, async () => freshFolder(join(top, "fresh"), "zipf", now)),
  );
  const name = "2026-11-22T18-00-10-zipf";
  assert.deepEqual(readdirSync(join(top, "fresh")).sort(), [name, `${name}-2`, `${name}-3`]);
  assert.deepEqual(
    claimed.sort(),
    [name, `${name}-2`, `${name}-3`].map((one) => join(top, "fresh", one)),
  );
  assert.equal(await freshFolder(join(dir, "a-file"), "zipf", now), join(dir, "a-file", name), "the run says why not");
});
