import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { markdownReport, htmlReport, terminalReport } from "../../../../loadtest/report/reports.ts";
import { closedInWords, overallInWords, rateInWords } from "../../../../loadtest/report/words/traffic.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

/** A run of 8 s that made 2,000 messages a second, however it was asked for. */
function ranWith(arrivals: string): Result {
  const evidence = runEvidence();
  return buildResult({ ...evidence, dials: { ...evidence.dials, arrivals } });
}

const WORDS: Readonly<Record<string, RegExp>> = {
  "": /^asked 2,000\/s, made 2,000\/s$/,
  "constant:2000,even": /^a constant 2,000\/s, even gaps: asked 2,000\/s, made 2,000\/s$/,
  "ramp:0..4000/6s": /^a ramp from 0\/s to 4,000\/s in 6 s: asked 1,500\/s on average, made 2,000\/s$/,
  "steps:1000,3000/3s,even": /^steps of 3 s at 1,000\/s, 3,000\/s, even gaps: asked 1,750\/s on average, made/,
  "closed:9/think=1s": /^a closed loop of 9 users who each wait for the answer and think for 1 s: made 2,000\/s$/,
};

test("every output says how messages came, and of a closed model what it cannot show", () => {
  for (const [arrivals, words] of Object.entries(WORDS)) {
    const result = ranWith(arrivals);
    const said = rateInWords(result)!;
    assert.match(said, words);
    const isClosed = arrivals.startsWith("closed");
    const warning = closedInWords(result);
    assert.equal(warning !== null, isClosed);
    if (isClosed) assert.match(warning!, /coordinated omission.* --rate 2000\.$/);
    assert.equal(result.traffic.asked === undefined, isClosed);
    const outputs = [terminalReport(result, {}, {}), markdownReport(result), htmlReport(result, [])];
    for (const output of outputs) {
      const text = output.replaceAll(/\s+/gu, " ");
      assert.ok(text.includes(said), arrivals);
      assert.equal(text.includes("coordinated omission"), isClosed);
    }
  }
});

test("a result of an early version, which does not say how messages came, says its rate", () => {
  const { arrivals: _, ...traffic } = ranWith("").traffic;
  assert.equal(rateInWords({ ...ranWith(""), traffic }), "asked 2,000/s, made 2,000/s");
});

test("one line says it all: rates, the three quantiles, errors, recipients off line", () => {
  const result = ranWith("");
  const { p50, p95, p99 } = result.latencyMs.delivery;
  assert.ok(p50 < p95! && p95! < p99);
  const line = overallInWords(result).replaceAll("\u202f", " ");
  const [, ...shown] = /p50 ([\d.]+) ms, p95 ([\d.]+) ms, p99 ([\d,.]+) ms; (.*)\.$/u.exec(line)!;
  assert.match(line, /^Overall: asked 2,000\/s, made 2,000\/s; delivery p50 /);
  for (const [i, ms] of [p50, p95!, p99].entries()) {
    assert.ok(Math.abs(Number(shown[i]!.replace(",", "")) / ms - 1) < 0.01, `${shown[i]} and ${ms}`);
  }
  assert.match(shown[3]!, /^no errors; [\d,]+ to recipients off line$/);
  for (const output of [terminalReport(result, {}, {}), markdownReport(result)]) {
    assert.ok(output.replaceAll(/[\s\u202f]+/gu, " ").includes(line));
  }
  const failed = { ...result.traffic, refused: 3, unknown: 1, failedShare: 4 / 16_000, offline: 12 };
  const verdict = { status: "INVALID" as const, reasons: [] };
  const doubtful = overallInWords({ ...result, traffic: failed, verdict }).replaceAll("\u202f", " ");
  assert.match(doubtful, / ms \(not to be trusted\); 4 errors \(0\.03 %\); 12 to recipients off line\.$/);
});

test("p95 stands wherever p50 and p99 do", () => {
  const result = ranWith("");
  const [markdown, page] = [markdownReport(result), htmlReport(result, [])];
  for (const what of ["Delivery", "Service", "Commit"]) {
    assert.ok(markdown.includes(`${what} p50, ms | ${what} p95, ms | ${what} p99, ms`), what);
  }
  assert.match(terminalReport(result, {}, {}), /stored {2}p95, ms {2}p99, ms/);
  const heads = [...page.matchAll(/<th scope="col">(p[\d.]+), ms<\/th>/gu)].map(([, name]) => name);
  assert.deepEqual(heads, ["p50", "p95", "p99", "p99.9", "p50", "p95", "p99", "p99.9", "p50", "p95", "p99"]);
  assert.match(page, /<dt>Delivery, p99<\/dt>.*?p95 [\d.]+\u202fms, median/su);
});
