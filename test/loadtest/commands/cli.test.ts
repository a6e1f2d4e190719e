import assert from "node:assert/strict";
import { spawnSync, type StdioOptions } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeRun } from "../../../loadtest/report/write.ts";
import { syntheticRun } from "../../support/synthetic-run.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const FULL = "/dev/full";
const skip = existsSync(FULL) ? false : "no /dev/full";

const folder = mkdtempSync(join(tmpdir(), "hotshard-cli-"));
after(() => rmSync(folder, { recursive: true }));

before(async () => {
  for (const [name, noise] of [
    ["a", 1],
    ["b", 2],
  ] as const) {
    await writeRun(join(folder, "runs", name), { ...syntheticRun({ noise }), dialogs: [] });
  }
  writeFileSync(join(folder, "counts.csv"), "dialog,count\na,3\nb,4\n");
});

function hotshard(words: readonly string[], stdio: StdioOptions) {
  const { status, stderr } = spawnSync(process.execPath, [HOTSHARD, ...words], {
    cwd: folder,
    stdio,
    encoding: "utf8",
  });
  return { status, stderr };
}

for (const words of ["scenarios", "--help", "serve --help"]) {
  test(`hotshard ${words} ends well when nobody reads it, as behind | head`, () => {
    const line = `{ "$0" "$1" ${words}; echo "code $?" >&2; } | true`;
    const { stderr } = spawnSync("sh", ["-c", line, process.execPath, HOTSHARD], { encoding: "utf8" });
    assert.equal(stderr, "code 0\n");
  });
}

const ANSWERS = [
  "--help",
  "--version",
  "run --help",
  "serve --help",
  "scenarios",
  "token 7",
  "doctor",
  "rules --metric requests_total --by instance",
  "runs list",
  "runs show a",
  "report runs/a",
  "compare runs/a runs/b --out c",
  "compare runs/a runs/b --out c --json",
  "whatif counts.csv",
  "whatif counts.csv --json",
  "stack status --data none --json",
  "run random --driver node --users 20 --rate 50 --duration 1s --json --out full",
  // Missed as well, and 1 would say that the answer can be read.
  "run random --driver node --users 20 --rate 50 --duration 1s --json-lines --out missed --fail-on acked==1",
];

for (const words of ANSWERS) {
  test(`hotshard ${words} > /dev/full: a coded line, and neither "failed" nor "good"`, { skip }, () => {
    const full = openSync(FULL, "w");
    const { status, stderr } = hotshard(words.split(" "), ["ignore", full, "pipe"]);
    closeSync(full);
    const [last = ""] = stderr.trimEnd().split("\n").toReversed();
    assert.match(
      last,
      /^hotshard: NOT_WRITTEN: stdout cannot be written \(ENOSPC: no space left on device, write\): /u,
    );
    assert.equal(status, 74);
    assert.doesNotMatch(stderr, /INTERNAL|^\s+at /mu, "nothing broke");
  });
}

test("a run whose stdout is full has written its folder all the same", { skip }, () => {
  assert.ok(existsSync(join(folder, "full", "result.json")));
});

test("a file of the answer on a full disk is a coded line too", { skip }, () => {
  symlinkSync(FULL, join(folder, "picture.html"));
  const { status, stderr } = hotshard(["whatif", "counts.csv", "--out", "picture.html"], ["ignore", "ignore", "pipe"]);
  assert.match(stderr, /^hotshard: NOT_WRITTEN: ENOSPC: no space left on device, write; [^\n]+\n$/u);
  assert.equal(status, 74);
});

test("what people read on stderr may be lost, and the answer is whole", { skip }, () => {
  const full = openSync(FULL, "w");
  assert.equal(hotshard(["runs", "prune", "--keep", "9"], ["ignore", "pipe", full]).status, 0);
  closeSync(full);
});
