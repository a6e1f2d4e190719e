import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { markdownReport } from "../../../../loadtest/report/documents/run/markdown.ts";
import { htmlReport } from "../../../../loadtest/report/documents/run/page.ts";
import { terminalReport } from "../../../../loadtest/report/documents/run/terminal.ts";
import { closedInWords, rateInWords } from "../../../../loadtest/report/words/traffic.ts";
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
