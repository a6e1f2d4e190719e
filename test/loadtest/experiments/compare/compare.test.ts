import assert from "node:assert/strict";
import { test } from "node:test";
import { Check } from "typebox/value";
import { obstaclesOf, type ComparedRun } from "../../../../loadtest/experiments/compare/comparable.ts";
import { compareRuns, DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { ComparisonSchema, type Comparison } from "../../../../loadtest/analysis/result/comparison.ts";
import { forestPlot } from "../../../../loadtest/report/pictures/forest-plot.ts";
import { markdownComparison, htmlComparison, terminalComparison } from "../../../../loadtest/report/reports.ts";
import { seriesOf } from "../../../../loadtest/analysis/slices/series.ts";
import { comparisonHeadline, toldOf } from "../../../../loadtest/report/words/comparison.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { mergeHistograms } from "../../../../loadtest/measurement/histogram.ts";
import { unpackHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { syntheticRun, type SyntheticOptions } from "../../../support/synthetic-run.ts";

type Opened = ComparedRun & { readonly dialogs: readonly { dialog: string; count: number }[] | null };

function opened(options: SyntheticOptions, dialogs: Opened["dialogs"] = null): Opened {
  const { result, slices } = syntheticRun(options);
  return { name: `run ${options.noise}`, result, series: seriesOf(result, slices), dialogs };
}

const compared = (a: Opened, b: Opened): Comparison => compareRuns(a, b, DEFAULT_COMPARE);

test("twenty pairs of the same thing: at most one false alarm", () => {
  const alarms = Array.from({ length: 20 }, (_, pair) =>
    toldOf(compared(opened({ noise: 2 * pair, seconds: 12 }), opened({ noise: 2 * pair + 1, seconds: 12 }))),
  ).filter((told) => told.length > 0);
  assert.ok(alarms.length <= 1, JSON.stringify(alarms));
});

test("one shard that commits 10 % slower is found and named, in every one of twenty pairs, and no other is", () => {
  for (let pair = 0; pair < 20; pair += 1) {
    const before = opened({ noise: 100 + 2 * pair });
    const comparison = compared(before, opened({ noise: 101 + 2 * pair, slow: { "02": 1.1 } }));
    const told = toldOf(comparison);
    assert.deepEqual([...new Set(told.map(({ shard }) => shard))], ["02"], `pair ${pair}`);
    assert.ok(told.every(({ outcome }) => outcome === "worse"));
    assert.match(comparisonHeadline(comparison), /^Shard 02 is worse: /u);
    assert.ok(Check(ComparisonSchema, comparison));
  }
});

const unclear = (seconds: number) => {
  const { changes } = compared(opened({ noise: 1, seconds }), opened({ noise: 2, seconds }));
  return changes.filter(({ outcome }) => outcome === "unclear").length / changes.length;
};

test("the same within the tolerance is told from too noisy to tell", () => {
  assert.ok(unclear(120) < 0.2 && unclear(8) > unclear(120), `${unclear(8)} ${unclear(120)}`);
});

const dialogs = (hot: number) => [
  { dialog: "7_501", count: hot },
  ...Array.from({ length: 900 }, (_, i) => ({ dialog: `${i}_1000`, count: 10 })),
];

/** The shard 01 gets nothing from `until` seconds on. */
function ending(until: number, noise: number): Opened {
  const { result, slices } = syntheticRun({ noise });
  const silent = slices.map((slice) =>
    slice.shard === "01" && slice.second >= until
      ? { second: slice.second, shard: "01", acked: 0, deliveryMs: null }
      : slice,
  );
  return { name: `ending ${until}`, result, series: seriesOf(result, silent), dialogs: null };
}

test("a shard that gets nothing any more, or nothing at all, is told so, and hides nothing of the others", () => {
  for (const until of [0, 8]) {
    const { changes, skipped } = compared(opened({ noise: 1 }), ending(until, 2));
    const throughput = changes.find(({ metric, shard }) => metric === "throughput" && shard === "01");
    assert.ok(changes.every(({ adjusted, low, high }) => Number.isFinite(adjusted + low + high)));
    if (until === 0) assert.equal(throughput?.outcome, "less");
    else assert.ok(throughput!.change < -0.6);
    assert.equal(
      skipped.some(({ metric, shard }) => metric === "delivery.p50" && shard === "01"),
      until === 0,
    );
    assert.ok(changes.filter(({ shard }) => shard === "02").some(({ outcome }) => outcome === "same"));
  }
});

test("who gets more of the traffic is neither good nor bad; a hot dialog's share is compared", () => {
  const a = opened({ noise: 1 }, dialogs(2_000));
  const told = toldOf(compared(a, opened({ noise: 2 }, dialogs(4_000))));
  assert.deepEqual(
    told.map(({ dialog, metric, outcome }) => [dialog, metric, outcome]),
    [["7_501", "dialog.share", "more"]],
  );
  assert.deepEqual(toldOf(compared(a, opened({ noise: 2 }, dialogs(2_050)))), []);
});

test("cells hold every duration of the slices, whatever lies at the edges of the measured phase", () => {
  const { result, slices } = syntheticRun({ noise: 1, seconds: 100 });
  const cut: Result = {
    ...result,
    run: { ...result.run, durationS: 90.5, dials: { ...result.run.dials, warmupS: 2.5 } },
  };
  const series = seriesOf(cut, slices);
  assert.equal(series.slices, 90);
  assert.ok(series.seconds.length <= 60);
  assert.equal(
    series.seconds.reduce((sum, seconds) => sum + seconds, 0),
    90,
  );
  series.labels.forEach((label, i) => {
    const own = slices.filter(({ shard }) => shard === label);
    const whole = mergeHistograms(own.map(({ commit }) => unpackHistogram(commit!)));
    assert.deepEqual({ ...series.shards[i]!.commit.total, sum: 0 }, { ...whole, sum: 0 });
    const measured = own.filter(({ second }) => second >= 3 && second < 93);
    assert.equal(
      series.shards[i]!.acked.reduce((sum, acked) => sum + acked, 0),
      measured.reduce((sum, { acked }) => sum + acked, 0),
    );
  });
});

const run = (more: Partial<Result["run"]>) => (result: Result) => ({ ...result, run: { ...result.run, ...more } });

test("what cannot be compared is refused with every reason", () => {
  const a = opened({ noise: 1 });
  const of = (change: (result: Result) => Result, seconds = 30) => {
    const { result, slices } = syntheticRun({ noise: 2, seconds });
    const changed = change(result);
    const b: ComparedRun = { name: "B", result: changed, series: seriesOf(changed, slices) };
    return obstaclesOf(a, b).map(({ code }) => code);
  };
  const dials = (more: Result["run"]["dials"]) => (result: Result) =>
    run({ dials: { ...result.run.dials, ...more } })(result);
  const table: [string[], string[]][] = [
    [of((result) => result), []],
    [of(run({ id: a.result.run.id })), ["SAME_RUN"]],
    [of(run({ scenario: "random" })), ["SCENARIO"]],
    [of(dials({ rate: 3 })), ["DIALS"]],
    [of(run({ seed: 2 })), ["SEED"]],
    [of(run({ driver: "k6" })), ["DRIVER"]],
    [of((result) => ({ ...result, shards: result.shards.slice(1) })), ["SHARDS"]],
    [of((result) => ({ ...result, server: { ...result.server, shaped: null } })), ["SHAPED"]],
    [
      of((result) => ({ ...result, verdict: { status: "INVALID", reasons: [{ code: "SEND_LAG", message: "late" }] } })),
      ["INVALID"],
    ],
    [of(dials({ durationS: 30 }), 5), ["TOO_FEW_SLICES"]],
    [of((result) => run({ seed: 2, driver: "k6" })(dials({ users: 9 })(result))), ["DIALS", "SEED", "DRIVER"]],
  ];
  for (const [found, expected] of table) assert.deepEqual(found, expected);
  const { result, slices } = syntheticRun({ noise: 3 });
  const early = slices.map(({ second, shard, acked, deliveryMs }) => ({ second, shard, acked, deliveryMs }));
  const old: ComparedRun = { name: "old", result, series: seriesOf(result, early) };
  assert.deepEqual(
    obstaclesOf(a, old).map(({ code }) => code),
    ["OLD_SLICES"],
  );
});

test("other placements are what a comparison is about; with other shards only the whole is compared", () => {
  const a = opened({ noise: 1 });
  const b = opened({ noise: 2 });
  const ring = { ...b, result: { ...b.result, server: { ...b.result.server, placement: "ring" } } };
  assert.deepEqual(compared(a, ring).differs, [{ name: "placement", a: "slots", b: "ring" }]);
  const allow = new Set(["SHARDS"]);
  const eight = compareRuns(a, opened({ noise: 3, shards: 8 }), { ...DEFAULT_COMPARE, allow });
  assert.ok(eight.changes.every(({ shard }) => shard === null));
  assert.deepEqual(
    eight.caveats.map(({ code }) => code),
    ["SHARDS"],
  );
});

test("the pages say what was found, and foreign text stays text", () => {
  const a = opened({ noise: 1 });
  const b = opened({ noise: 2, slow: { "03": 1.3 } });
  const evil = "<img src=x onerror=alert(1)>";
  const comparison = compared(a, { ...b, result: { ...b.result, server: { ...b.result.server, placement: evil } } });
  const html = htmlComparison(comparison);
  assert.ok(!html.includes(evil) && html.includes("&lt;img"));
  assert.match(html, /<h1>Shard 03 is worse: (commit|delivery) p\d\d /u);
  assert.match(html, /<svg class="wide"/u);
  const markdown = markdownComparison(comparison);
  assert.match(markdown, /\| shard 03 \| commit p50 \| \d\d\.\d/u);
  assert.doesNotMatch(markdown, /(?<!\\)<img/u);
  const lines = terminalComparison(comparison, { columns: 80 }, {}).split("\n");
  assert.match(lines[0]!, /^Shard 03 is worse/u);
  assert.ok(lines.some((line) => line.startsWith("shard 03")));
  assert.ok(
    lines.every((line) => line.length <= 80),
    lines.find((line) => line.length > 80) ?? "",
  );
});

test("in the picture a whisker lies outside the band exactly when the figure is told", () => {
  const comparison = compared(opened({ noise: 1 }), opened({ noise: 2 }));
  // The tolerance is a share of the smaller figure: 5 % more, or 4.76 % less.
  const less = { ...comparison.changes[0]!, change: -0.1, low: -0.15, high: -0.0485, outcome: "less" as const };
  const { body } = forestPlot({ ...comparison, changes: [less] })!.draw(800);
  const numbers = (tag: RegExp) => [...(tag.exec(body)?.[0] ?? "").matchAll(/ (\w+)="([\d.]+)"/gu)];
  const of = (tag: RegExp, name: string) => Number(numbers(tag).find((found) => found[1] === name)?.[2]);
  const [end, edge] = [of(/<line[^>]*whisker[^>]*>/u, "x2"), of(/<rect[^>]*band[^>]*>/u, "x")];
  assert.ok(end < edge, `${end} ${edge}`);
});

test("what rests on too few samples is said to be not compared, on every page and in the headline", () => {
  const [a, b] = [1, 2].map((noise) => opened({ noise, seconds: 40, perShard: 6 }));
  const comparison = compared(a!, b!);
  const calm = { ...comparison, changes: comparison.changes.map((one) => ({ ...one, outcome: "same" as const })) };
  assert.equal(
    comparisonHeadline(calm),
    "No difference was found, but delivery p99 and commit p99 of all shards could not be compared.",
  );
  const sentence =
    /Not compared: delivery p99 of all shards rests on \d+ samples, needs 1,000; commit p99 of all shards rests on \d+ samples, needs 1,000; 11 figures of single shards, such as delivery p95 of shard 00, which rests on \d+ samples, needs 200\./u;
  const terminal = terminalComparison(calm, { columns: 80 }, {}).replaceAll(/\s+/gu, " ");
  for (const text of [terminal, markdownComparison(calm)]) assert.match(text, sentence);
  assert.equal(comparisonHeadline({ ...calm, changes: [] }), "Nothing could be compared.");
  assert.equal(comparisonHeadline({ ...calm, skipped: [] }), "No difference.");
  const noisy = calm.changes.map((one) => ({ ...one, outcome: "unclear" as const }));
  assert.equal(comparisonHeadline({ ...calm, changes: noisy }), "Too noisy to tell: no figure could be decided.");
  assert.equal(
    comparisonHeadline({ ...calm, changes: [...calm.changes.slice(0, 2), ...noisy.slice(2, 5)] }),
    "No difference was found, and 3 of 5 figures are too noisy to tell.",
  );
  const { skipped } = calm;
  const ofShards = { ...calm, skipped: skipped.filter(({ shard }) => shard !== null) };
  assert.equal(comparisonHeadline(ofShards), "No difference.", "all shards together were compared");
  assert.doesNotMatch(markdownComparison({ ...calm, skipped: [] }), /Not compared/u);
});
