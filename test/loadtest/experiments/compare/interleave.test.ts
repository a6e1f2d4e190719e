import assert from "node:assert/strict";
import { test } from "node:test";
import { splitWords } from "../../../../loadtest/experiments/child-run.ts";
import type { ComparedRun } from "../../../../loadtest/experiments/compare/comparable.ts";
import { compareRuns, DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { compareInterleaved, firstOf } from "../../../../loadtest/experiments/compare/interleave.ts";
import { seriesOf } from "../../../../loadtest/analysis/slices/series.ts";
import { comparisonHeadline, shortList, toldOf } from "../../../../loadtest/report/words/comparison.ts";
import { syntheticRun } from "../../../support/synthetic-run.ts";

/** Every run is so much slower than the one before it: a machine that warms up. */
const DRIFT = 1.02;

/** The run at a place in the sequence, on the machine as it is then. */
function runAt(
  place: number,
  slow: Readonly<Record<string, number>>,
  seed: number,
): ComparedRun & { readonly dialogs: null } {
  const { result, slices } = syntheticRun({ noise: 1_000 * seed + place, seconds: 12, drift: DRIFT ** place, slow });
  return { name: `run ${place}`, result, series: seriesOf(result, slices), dialogs: null };
}

function interleaved(slowB: Readonly<Record<string, number>>, seed: number) {
  return Array.from({ length: 6 }, (_, round) => {
    const first = firstOf(round);
    const [a, b] = first === "a" ? [2 * round, 2 * round + 1] : [2 * round + 1, 2 * round];
    return { a: runAt(a, {}, seed), b: runAt(b, slowB, seed), first };
  });
}

test("a drift that fools the comparison of two runs does not fool runs in alternation", () => {
  const plain = toldOf(compareRuns(runAt(0, {}, 1), runAt(6, {}, 1), DEFAULT_COMPARE));
  assert.ok(plain.length > 0 && plain.every(({ outcome }) => outcome === "worse"), "six runs later all looks slower");
  const paired = compareInterleaved(interleaved({}, 1), DEFAULT_COMPARE);
  assert.deepEqual(toldOf(paired), []);
  assert.ok(paired.changes.every(({ metric, change }) => !metric.endsWith("p50") || Math.abs(change) < 0.02));
});

test("in alternation a shard that commits 15 % slower is found in spite of the drift, and no other", () => {
  const comparison = compareInterleaved(interleaved({ "01": 1.15 }, 2), DEFAULT_COMPARE);
  const told = toldOf(comparison);
  assert.deepEqual([...new Set(told.flatMap(({ shard }) => shard ?? []))], ["01"], "and all shards together, maybe");
  const commit = comparison.changes.find(({ metric, shard }) => metric === "commit.p50" && shard === "01")!;
  assert.ok(commit.outcome === "worse" && Math.abs(commit.change - 0.15) < 0.02, `${commit.change}`);
  assert.equal(comparison.rounds, 6);
  assert.equal(comparison.a.runs.length, 6);
});

test("what changed as a whole leads, and shards stand below it", () => {
  const slow = { "00": 1.2, "01": 1.3, "02": 1.2, "03": 1.2 };
  const comparison = compareInterleaved(interleaved(slow, 3), DEFAULT_COMPARE);
  assert.match(comparisonHeadline(comparison), /^The whole is worse: (commit|delivery) p\d\d /u);
  const rows = shortList(comparison).map(({ metric, shard }) => `${metric} ${shard ?? "all"}`);
  const commit = rows.indexOf("commit.p50 all");
  assert.deepEqual(rows[commit + 1], "commit.p50 01", "the largest change first");
  assert.ok(rows.indexOf("commit.p99 all") > rows.indexOf("commit.p50 00"));
  const { detectable, share } = comparison.noise!;
  assert.ok(share > 0 && share < 0.02 && detectable > 0.05 && detectable < 0.12, JSON.stringify(comparison.noise));
});

test("settings are split as a shell does", () => {
  const table: [string, string[] | null][] = [
    ["random --placement slots", ["random", "--placement", "slots"]],
    ["  random\t--shards '4?commitMs=20&maxRows=50' ", ["random", "--shards", "4?commitMs=20&maxRows=50"]],
    [String.raw`a "b \"c\" 'd'" e\ f ''`, ["a", `b "c" 'd'`, "e f", ""]],
    ["", []],
    ["random 'slots", null],
  ];
  for (const [line, words] of table) assert.deepEqual(splitWords(line), words, line);
});
