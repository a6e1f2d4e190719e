import assert from "node:assert/strict";
import { test } from "node:test";
import { gapDistance } from "../../../loadtest/analysis/arrival-gaps.ts";
import { mergeLanes } from "../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { addGapBins, createGapBins } from "../../../loadtest/traffic/gap-bins.ts";
import { SCENARIOS } from "../../../loadtest/traffic/stories/registry.ts";

const dials = { ...DEFAULT_DIALS, rate: 2_000, durationS: 10, warmupS: 0 };

function isOff(bins: readonly number[]): boolean {
  const { distance, tolerance } = gapDistance(bins);
  return distance > tolerance;
}

test("the schedules of all scenarios of an even rate have the gaps of Poisson arrivals, whole or in parts", () => {
  for (const scenario of SCENARIOS) {
    const story = scenario.make(dials);
    if (story.expected !== undefined) continue;
    for (const parts of [1, 4]) {
      const bins = Array.from({ length: parts }, (_, part) => {
        const lanes = story.lanes().filter((_lane, index) => index % parts === part);
        const gaps = createGapBins(lanes.reduce((sum, { rate }) => sum + rate, 0));
        const next = mergeLanes(lanes);
        for (let planned = next(); planned !== null; planned = next()) gaps.sent(planned.at);
        return gaps.counts;
      });
      const all = addGapBins(bins);
      assert.ok(all.reduce((sum, count) => sum + count, 0) > 19_000);
      assert.ok(!isOff(all), `${scenario.name} in ${parts}: ${JSON.stringify(gapDistance(all))}`);
    }
  }
});

test("an even pace, another rate, and bursts are found", () => {
  const schedules: readonly ((i: number) => number)[] = [
    (i) => i * 10,
    (i) => Math.floor(i / 10) * 100,
    (i) => -Math.log((i * 0.618034) % 1) + i * 9,
  ];
  for (const [index, at] of schedules.entries()) {
    const gaps = createGapBins(100);
    for (let i = 1; i <= 1_000; i += 1) gaps.sent(at(i));
    assert.ok(isOff(gaps.counts), `schedule ${index}`);
  }
});
