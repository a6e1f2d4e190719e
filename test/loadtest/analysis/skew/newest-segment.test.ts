import assert from "node:assert/strict";
import { test } from "node:test";
import { takeAim } from "../../../../loadtest/run/aim.ts";
import { advise } from "../../../../loadtest/analysis/skew/advice.ts";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import { expectedTraffic } from "../../../../loadtest/analysis/skew/expected-traffic.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import type { Topology } from "../../../../server/placement/contract.ts";
import { composeId } from "../../../../server/placement/message-id.ts";
import { singleSegment, validateTopology } from "../../../../server/placement/topology.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const equal = (labels: readonly string[]) => labels.map((label) => ({ label, weight: 1 }));
const FOUR = ["00", "01", "02", "03"];
const FIVE = [...FOUR, "04"];
const idAt = (moment: string) => composeId(Date.parse(moment), 0, 0).toString();

/** Five shards since a moment; before it four, on which the dialogs lay otherwise. */
function grown(since: string): Topology {
  return validateTopology({
    epoch: 2,
    shards: FIVE,
    segments: [
      { from: "0", placement: "modulo", shards: equal(FOUR), overrides: [] },
      { from: idAt(since), placement: "slots", shards: equal(FIVE), overrides: [] },
    ],
  });
}

const topology = grown("2026-01-01T00:00:00Z");
const alone = singleSegment({ labels: FIVE, placement: "slots" });

test("a run is expected on the shards that new messages go to, and aimed at them", () => {
  const dials = { ...DEFAULT_DIALS, durationS: 2 };
  const story = findScenario("random")!.make(dials);
  assert.deepEqual(expectedTraffic(story, dials, topology), expectedTraffic(story, dials, alone));
  const asked = { ...dials, zipf: 0.99, keys: 1_000, spread: "natural", maxOverMean: 2, headPlaces: "" };
  assert.deepEqual(takeAim("zipf", asked, topology), takeAim("zipf", asked, alone));
});

test("advice is about where dialogs are now", () => {
  for (const share of [0.02, 0.1, 0.3]) {
    const crowd = Array.from({ length: 3_000 }, (_, i) => ({ dialog: `${i + 1}_${i + 9_000}`, count: 10 }));
    for (const hot of ["7_9", "8_9", "5_9", "4_9", "3_9"]) {
      const counts = [{ dialog: hot, count: (30_000 * share) / (1 - share) }, ...crowd];
      assert.deepEqual(advise({ topology, counts }), advise({ topology: alone, counts }));
    }
  }
});

test("a server that does not say the segment placed all by the newest one", () => {
  const evidence = runEvidence({ hotShare: 0, rate: 500, shards: 5 });
  const { skew } = buildResult({ ...evidence, after: { ...evidence.after, topology: grown("2026-11-22T12:39:00Z") } });
  assert.deepEqual(skew.causes!.change, { factor: 1, low: 1, high: 1 });
  assert.ok(skew.hashTest!.pValue > 0.001);
});
