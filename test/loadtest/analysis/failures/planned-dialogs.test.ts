import assert from "node:assert/strict";
import { test } from "node:test";
import { singleSegment } from "../../../../server/placement/topology.ts";
import { plannedDialogs } from "../../../../loadtest/analysis/failures/planned-dialogs.ts";
import { mergeLanes } from "../../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { dialogId } from "../../../../server/placement/dialog.ts";

const topology = singleSegment({ labels: ["00", "01"], placement: "slots", overrides: [] });

test("what was offered is made again for every arrival model, of a closed one as much as was sent", () => {
  for (const [arrivals, planned] of [
    ["", 1_100],
    ["ramp:0..200/10s", 1_000],
    ["steps:100,300/5s,even", 2_100],
    ["closed:5/think=1s", 37],
    ["closed:5/think=0ms", 37],
  ] as const) {
    const dials = { ...DEFAULT_DIALS, users: 30, rate: 100, warmupS: 1, durationS: 10, arrivals };
    const story = findScenario("random")!.make(dials);
    const run = { runId: "r", startedAt: "2026-01-01T00:00:00.000Z", planned, scheduleS: 11 };
    const rows = plannedDialogs(story, topology, run);
    const expected = new Map<string, number>();
    const next = mergeLanes(story.lanes());
    for (let n = 0; n < planned; n += 1) {
      const { user: author, target: to } = next()!;
      const dialog = dialogId(author, to);
      expected.set(dialog, (expected.get(dialog) ?? 0) + 1);
    }
    // Maps are equal whatever the order of their entries.
    assert.deepEqual(new Map(rows.map(({ dialog, count }) => [dialog, count])), expected, arrivals);
  }
});
