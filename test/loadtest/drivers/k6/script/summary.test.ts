import assert from "node:assert/strict";
import { test } from "node:test";
import { countOfShard, measured } from "../../../../../loadtest/drivers/k6/script/metric-names.ts";
import { COUNTERS, TRENDS } from "../../../../../loadtest/measurement/metric-names.ts";
import { readSettings } from "../../../../../loadtest/drivers/k6/script/settings.ts";
import { summaryText, type SummaryData } from "../../../../../loadtest/drivers/k6/script/summary.ts";
import { findScenario } from "../../../../../loadtest/traffic/stories/registry.ts";

const settings = readSettings(findScenario("lady-gaga")!, {});

function dataOf(counts: Partial<Record<keyof typeof COUNTERS, number>>, lagMs = 1): SummaryData {
  const metrics: Record<string, { values: Record<string, number> }> = {
    [countOfShard(COUNTERS.acked, "00")]: { values: { count: 30 } },
    [countOfShard(COUNTERS.acked, "01")]: { values: { count: 10 } },
    [countOfShard(COUNTERS.acked, "02")]: { values: { count: 0 } },
    [measured(TRENDS.sendLag)]: { values: { count: 40, "p(99)": lagMs } },
  };
  const all = { sent: 40, acked: 40, hotOffered: 16, finished: settings.vus, ...counts };
  for (const [name, count] of Object.entries(all)) {
    metrics[COUNTERS[name as keyof typeof COUNTERS]] = { values: { count } };
  }
  return { metrics };
}

function textOf(data: SummaryData, labels: string[] | null = null, given = settings): string {
  const asked = { askedShare: 0.4, askedRate: given.dials.rate };
  return summaryText(data, { scenario: "lady-gaga", settings: given, labels, runId: "r1", ...asked });
}

test("shards without a message are hidden unless the server named them", () => {
  const unasked = textOf(dataOf({}));
  assert.match(unasked, /max\/mean 1\.50 \(shard 00\) · effective shards 1\.3 of 2/u);
  assert.doesNotMatch(unasked, /^\s*02 /mu);
  const named = textOf(dataOf({}), ["00", "01", "02", "03"]);
  assert.match(named, /max\/mean 3\.00 \(shard 00\) · effective shards 1\.3 of 4/u);
  assert.match(named, /^\s*03 +0 +0\.0 %/mu);
  assert.match(named, /hot dialog: 40\.0 % of the messages, asked for 40\.0 %/u);
  assert.match(named, /verdict: VALID/u);
});

test("skew of what was acknowledged says so when messages failed", () => {
  assert.match(textOf(dataOf({ failed: 7 })), /effective shards 1\.3 of 2, of what was acknowledged: 7 more failed$/mu);
});

test("the rate asked for and the rate that was made stand side by side", () => {
  assert.match(textOf(dataOf({ sent: 11_000 })), /^lady-gaga: 500 users, asked 500\/s, made 500\/s, 20 s after 2 s/mu);
  assert.match(textOf(dataOf({ sent: 10_450 })), /asked 500\/s, made 475\/s/u);
  const one = { ...settings, generators: 2 };
  assert.match(textOf(dataOf({ sent: 5_500 }), null, one), /asked 500\/s, made 250\/s by one of 2 generators/u);
});

test("a late generator is the generator's fault, whatever the server did", () => {
  const text = textOf(dataOf({ unknown: 1 }, 200));
  assert.match(text, /verdict: INVALID/u);
  assert.match(text, /the generator was the bottleneck .*200\.0 ms/u);
});

test("every broken promise is named", () => {
  for (const name of ["undelivered", "duplicated", "reordered"] as const) {
    assert.match(textOf(dataOf({ [name]: 3 })), /verdict: FAILED\n {2}- 3 /u, name);
  }
  for (const name of ["connectionFailures", "lateVus"] as const) {
    assert.match(textOf(dataOf({ [name]: 3 })), /verdict: INVALID\n {2}- 3 /u, name);
  }
  assert.match(textOf(dataOf({ unaccounted: -2 })), /INVALID\n.*by -2/u);
  assert.match(textOf(dataOf({ finished: settings.vus - 1 })), /INVALID\n.*not every VU/u);
  assert.match(textOf(dataOf({ acked: 0 })), /FAILED\n.*no message was acknowledged/u);
});
