import assert from "node:assert/strict";
import { test } from "node:test";
import { causesOfSkew } from "../../../loadtest/analysis/skew/causes.ts";
import { testRun } from "../../../loadtest/analysis/skew/hash-test.ts";
import { outlook } from "../../../loadtest/analysis/skew/outlook.ts";
import { layoutOf, type Layout } from "../../../loadtest/analysis/skew/where-it-lay.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import { auditOf, labelsOf, topologyOf, type Writing } from "../../support/placed-run.ts";

const near = (actual: number, expected: number, within: number, what = ""): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${what} ${actual} is not ${expected} ± ${within}`);

/** Messages between random users, evenly over `seconds`. */
function crowd(users: number, messages: number, seconds = 10): Writing[] {
  const random = createRandom(5, 0);
  return Array.from({ length: messages }, (_, i) => {
    const a = 1 + random.below(users);
    const b = 1 + ((a + random.below(users - 1)) % users);
    return { dialog: dialogId(a, b), atS: (i * seconds) / messages };
  });
}

function observedOf({ loads, labels }: Layout): number {
  const sums = labels.map(() => 0);
  for (const { shard, messages } of loads) sums[shard]! += messages;
  return maxOverMean(sums);
}

/** Boundaries that are even for 1,000 users. */
const ranged = topologyOf({ fromS: 0, placement: "range:at=135/294/501", labels: labelsOf(4) });

test("twice the users: range is to blame, no hash is tested, and slots would mend it", () => {
  const layout = layoutOf(ranged, auditOf(ranged, crowd(2_000, 20_000)));
  const causes = causesOfSkew(layout.parts, 4);
  near(observedOf(layout), 2.25, 0.05);
  near(causes.placement.factor, 2.2, 0.08);
  near(causes.popularity.factor, 1, 0.01);
  for (const figure of Object.values(causes.hash)) near(figure, 1, 1e-9, "no hash, no chance");
  assert.equal(testRun(layout.parts, 4), null);
  const { advice, whatIf } = outlook({ layout, topology: ranged, shards: [], walks: false });
  assert.equal(advice[0]?.action, "change-placement");
  assert.equal(advice[0].placement, "slots");
  assert.match(advice[0].text, /^Place by slots instead of range, which gives shard 03 2\.2\d times its share/u);
  near(whatIf.rows.find(({ placement }) => placement === "range:at=135/294/501")!.maxOverMean, 2.25, 0.05);
  near(whatIf.rows.find(({ placement, shards }) => placement === "range" && shards === 4)!.maxOverMean, 2.5, 0.05);
});

test("ids that are not like those of a sample make no hash suspect", () => {
  const wide = topologyOf({ fromS: 0, placement: "range:at=300000000/700000000/1500000000", labels: labelsOf(4) });
  assert.equal(testRun(layoutOf(wide, auditOf(wide, crowd(2_000, 5_000))).parts, 4), null);
});

test("while the users are those of the boundaries, range is even and nothing is advised", () => {
  const layout = layoutOf(ranged, auditOf(ranged, crowd(1_000, 20_000)));
  near(causesOfSkew(layout.parts, 4).placement.factor, 1, 0.03);
  assert.equal(outlook({ layout, topology: ranged, shards: [], walks: false }).advice[0]?.action, "none");
});

test("range half-way and slots from then on: each is blamed for its half, and the hash for nothing", () => {
  const both = topologyOf(
    { fromS: 0, placement: "range:at=135/294/501", labels: labelsOf(4) },
    { fromS: 5, placement: "slots", labels: labelsOf(4) },
  );
  const layout = layoutOf(both, auditOf(both, crowd(2_000, 20_000)));
  const { placement, hash } = causesOfSkew(layout.parts, 4);
  near(observedOf(layout), (2.25 + 1) / 2, 0.05);
  near(placement.factor, 1.6, 0.08);
  assert.ok(hash.low <= 1 && hash.high >= 1, `${hash.low} … ${hash.high}`);
  assert.ok(testRun(layout.parts, 4)!.pValue > 0.001);
});
