import assert from "node:assert/strict";
import { test } from "node:test";
import type { Capacity } from "../../../../loadtest/analysis/result/capacity.ts";
import { capacityInWords, planInWords } from "../../../../loadtest/report/words/capacity.ts";

const found: Capacity = {
  version: 2,
  hotshard: "0",
  scenario: "random",
  command: "hotshard capacity random",
  until: "delivery.p99<50ms",
  estimate: 305,
  low: 300,
  high: 310,
  level: 0.95,
  reliable: 298,
  ceiling: "threshold",
  stopped: null,
  bottleneck: null,
  forecast: null,
  steps: [],
};

test("what half of the runs keep is told with its interval, and the rate that nine of ten keep", () => {
  assert.equal(
    capacityInWords(found)[0]!.replaceAll("\u202F", " "),
    "delivery.p99<50ms is kept by half of the runs at 305/s (95 % interval 300/s to 310/s). Nine of ten keep it at 298/s.",
  );
});

test("a search that ended early says so, and what interval is known all the same", () => {
  const wide = { ...found, low: 200, high: 420, stopped: "the time given with --within is up" };
  assert.match(
    capacityInWords(wide)[0]!,
    /interval 200\/s to 420\/s\)\..* The search ended early: the time given with --within is up\.$/u,
  );
  const none = { ...wide, estimate: null, reliable: null };
  assert.match(
    capacityInWords({ ...none, low: null })[0]!,
    /was kept at no rate, not even near 420\/s\. The search ended/u,
  );
  assert.match(capacityInWords({ ...none, high: null })[0]!, /was kept up to 200\/s and the limit is beyond\./u);
  assert.match(capacityInWords({ ...none, low: null, high: null })[0]!, /^Nothing was found: no run was judged\./u);
});

test("a ceiling of the generator is none of the server", () => {
  const words = capacityInWords({ ...found, ceiling: "generator" })[0]!;
  assert.match(words, /^delivery\.p99<50ms is kept up to 305\/s \(95.* beyond this generator, .* may be higher\.$/u);
});

test("a forecast is told with its interval beside what was found", () => {
  const forecast = { atRate: 200, shard: "01", rate: 330, low: 320, high: 345, error: 0.08 };
  assert.match(
    capacityInWords({ ...found, forecast })[1]!,
    /run at 200\/s forecast that shard 01 saturates at 330\/s \(95 % interval 320\/s to 345\/s\); found 305\/s: /u,
  );
});

test("a plan never promises longer than --within", () => {
  const plan = { runs: { few: 8, many: 14 }, each: 6_000 };
  assert.equal(planInWords({ ...plan, withinMs: 900_000 }, "2s"), "about 8 to 14 runs of 2s, 48 s to 84 s.");
  assert.equal(planInWords({ ...plan, withinMs: 60_000 }, "2s"), "about 8 to 14 runs of 2s, 48 s to 60 s.");
  assert.equal(
    planInWords({ ...plan, withinMs: 30_000 }, "2s"),
    "about 8 to 14 runs of 2s would take 48 s or more; --within ends it after 30 s, some 5 runs.",
  );
});
