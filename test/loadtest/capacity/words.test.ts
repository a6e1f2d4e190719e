import assert from "node:assert/strict";
import { test } from "node:test";
import type { Capacity } from "../../../loadtest/capacity/document.ts";
import { capacityInWords, planInWords } from "../../../loadtest/capacity/words.ts";

const found = (confidence: number): Capacity => ({
  version: 1,
  hotshard: "0",
  scenario: "random",
  command: "hotshard capacity random",
  until: "delivery.p99<50ms",
  low: 300,
  high: 310,
  ceiling: "threshold",
  confidence,
  stopped: null,
  bottleneck: null,
  forecast: null,
  steps: [],
});

test("the confidence is told, and never as certainty", () => {
  assert.match(capacityInWords(found(0.88))[0]!, /no longer at 310\/s \(confidence 88\s%\)/u);
  assert.match(capacityInWords(found(1))[0]!, /\(confidence over 99\s%\)/u);
});

test("what the runs said is told though the time was up before a rate was decided", () => {
  const step = { rate: 200, vote: "pass" as const, value: 40, why: "near", folder: "run-01" };
  const early = { ...found(1), low: null, high: null, ceiling: null, stopped: "the time given with --within is up" };
  assert.equal(
    capacityInWords({ ...early, steps: [step] })[0],
    "No rate was decided: one run at 200/s kept delivery.p99<50ms, too near the limit to say so alone. The search ended early: the time given with --within is up.",
  );
  const twice = capacityInWords({ ...early, steps: [step, { ...step, vote: "fail" }] })[0]!;
  assert.match(twice, /^No rate was decided: 1 of 2 runs at 200\/s kept /u);
  assert.match(capacityInWords(early)[0]!, /^Nothing was found: no run was judged\./u);
});

test("a plan never promises longer than --within", () => {
  const plan = { rates: 8, each: 6_000 };
  assert.equal(planInWords({ ...plan, withinMs: 900_000 }, "2s"), "about 8 to 14 runs of 2s, 48 s to 82 s.");
  assert.equal(planInWords({ ...plan, withinMs: 60_000 }, "2s"), "about 8 to 14 runs of 2s, 48 s to 60 s.");
  assert.equal(
    planInWords({ ...plan, withinMs: 30_000 }, "2s"),
    "about 8 to 14 runs of 2s would take 48 s or more; --within ends it after 30 s, some 5 runs.",
  );
});
