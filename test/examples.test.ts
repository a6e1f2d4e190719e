import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { UNITS } from "../loadtest/analysis/thresholds/threshold-metric.ts";
import { METRIC_NAMES, METRICS } from "../loadtest/analysis/thresholds/threshold-metrics.ts";
import { parseThresholds } from "../loadtest/analysis/thresholds/threshold.ts";
import { createProgram } from "../loadtest/cli.ts";
import { RUN_FILES } from "../loadtest/report/write.ts";

const ROOT = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "hotshard-examples-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string>>;
}

const workflow = parse(readFileSync(join(ROOT, "examples/github-actions.yml"), "utf8")) as {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
};
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const command = steps.flatMap(({ run = "" }) => (run.startsWith("npx hotshard run") ? [run] : []))[0]!;

/** Words of a shell command that quotes with `'` only. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/gu)].map(([, quoted, bare]) => quoted ?? bare!);

test("GitHub Actions: the run has options of the command, and thresholds that it can judge", () => {
  const run = createProgram(() => {}).commands.find((one) => one.name() === "run")!;
  const words = wordsOf(command).slice(3);
  const flags = words.filter((word) => word.startsWith("--"));
  assert.ok(flags.length >= 8);
  for (const flag of flags)
    assert.ok(
      run.options.some(({ long }) => long === flag),
      flag,
    );
  const thresholds = words.filter((_, i) => words[i - 1] === "--fail-on");
  assert.equal(parseThresholds(thresholds).length, 3);

  // The same run, as short as its thresholds allow, by the command itself: refused or driven, never misunderstood.
  const short = words.map((word, i) =>
    words[i - 1] === "--duration" ? "1s" : words[i - 1] === "--out" ? join(folder, "out") : word,
  );
  const hotshard = join(ROOT, "bin/hotshard.js");
  const { status, stderr } = spawnSync(process.execPath, [hotshard, "run", ...short], { encoding: "utf8" });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /TOO_SHORT: --fail-on (?:delivery\.p99<250ms|errors<0\.1%) needs/u);
});

test("GitHub Actions: the Markdown comes to the job's page, after a failed run too", () => {
  const [summary, upload] = steps.slice(-2);
  for (const step of [summary, upload]) assert.match(step!.if!, /!cancelled\(\)/u);
  const out = wordsOf(command)[wordsOf(command).indexOf("--out") + 1]!;
  assert.equal(upload!.with!["path"], out);
  const page = join(folder, "summary.md");
  const shell = () =>
    spawnSync("bash", ["-e", "-c", summary!.run!], { cwd: folder, env: { ...process.env, GITHUB_STEP_SUMMARY: page } })
      .status;
  assert.equal(shell(), 0, "nothing was written, as after bad usage");
  mkdirSync(join(folder, out));
  const report = RUN_FILES.find((file) => file.endsWith(".md"));
  writeFileSync(join(folder, out, report!), "# Shard 01 takes 55 %\n");
  assert.equal(shell(), 0);
  assert.equal(readFileSync(page, "utf8"), "# Shard 01 takes 55 %\n");
});

test("docs/ci.md names every metric and every unit of a threshold", () => {
  const text = readFileSync(join(ROOT, "docs/ci.md"), "utf8");
  for (const name of METRIC_NAMES) {
    const [group = "", quantile] = name.split(".");
    const isNamed = text.includes(`\`${name}\``) || text.includes(`\`shard.02.${name}\``);
    const isInGroup = text.includes(`\`${group}.`) && text.includes(`\`.${quantile}\``);
    assert.ok(isNamed || isInGroup, name);
    for (const unit of Object.keys(UNITS[METRICS[name].kind]))
      assert.ok(unit === "" || text.includes(`\`${unit}\``), unit);
  }
});
