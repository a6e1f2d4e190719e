import assert from "node:assert/strict";
import { test } from "node:test";
import { advise } from "../../../loadtest/analysis/skew/advice.ts";
import { whatIf } from "../../../loadtest/analysis/skew/what-if.ts";
import { layoutOf, type Layout } from "../../../loadtest/analysis/skew/where-it-lay.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import { auditOf, labelsOf, topologyOf, type Writing } from "../../support/placed-run.ts";

const near = (actual: number, expected: number, within: number, what = ""): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${what} ${actual} is not ${expected} ± ${within}`);

const hourly = topologyOf({ fromS: 0, placement: "time-bucket", labels: labelsOf(4) });

/** Twenty dialogs over thirty days, a message an hour each. */
function* thirtyDays(): Generator<Writing> {
  for (let user = 1; user <= 20; user += 1) {
    for (let hour = 0; hour < 720; hour += 1)
      yield { dialog: `${user}_${user + 50}`, atS: hour * 3_600 + 9, count: 10 };
  }
}

function observedOf({ loads, labels }: Layout): number {
  const sums = labels.map(() => 0);
  for (const { shard, messages } of loads) sums[shard]! += messages;
  return maxOverMean(sums);
}

test("advice under time-bucket is of the buckets in which messages were written", () => {
  const layout = layoutOf(hourly, auditOf(hourly, thirtyDays()));
  const advice = advise({ topology: hourly, counts: layout.counts });
  assert.equal(advice[0]?.action, "none");
  near(advice[0].forecast.maxOverMean, observedOf(layout), 1e-9, "what is forecast for doing nothing is what was seen");
  assert.match(advice[0].text, /max\/mean up to 1\.0\d\)/u, "chance is that of 14,400 pairs, not of 20 dialogs");
});

test("a dialog that is heavy at all times is even under time-bucket, and no pin is advised", () => {
  const heavy = Array.from({ length: 720 }, (_, hour) => ({ dialog: "7_9", atS: hour * 3_600 + 9, count: 200 }));
  const layout = layoutOf(hourly, auditOf(hourly, [...thirtyDays(), ...heavy]));
  assert.ok(layout.dialogs[0]!.count > 0.45 * 288_000);
  near(observedOf(layout), 1.05, 0.06);
  assert.equal(advise({ topology: hourly, counts: layout.counts })[0]?.action, "none");
});

test("the real skew of a hot hour is not forgiven, and a split mends it", () => {
  const burst = { dialog: "7_9", atS: 3_600 * 100, count: 60_000 };
  const layout = layoutOf(hourly, auditOf(hourly, [...thirtyDays(), burst]));
  const skew = observedOf(layout);
  near(skew, 1 + 3 * (60_000 / 204_000), 0.06);
  const [advice] = advise({ topology: hourly, counts: layout.counts });
  assert.equal(advice?.action, "split");
  assert.equal(advice.dialog, "7_9");
  assert.ok(advice.forecast.maxOverMean <= 1.25);
  assert.match(advice.text, /instead of all\.$/u, "its history was on all shards before");
  // What was advised is what comes of it.
  const mended = topologyOf({
    fromS: 0,
    placement: "time-bucket",
    labels: labelsOf(4),
    overrides: [{ dialog: "7_9", action: "split", shards: advice.shards! }],
  });
  const parts = Array.from({ length: 600 }, () => ({ ...burst, count: 100 }));
  near(observedOf(layoutOf(mended, auditOf(mended, [...thirtyDays(), ...parts]))), advice.forecast.maxOverMean, 0.05);
  const after = advise({
    topology: mended,
    counts: layoutOf(mended, auditOf(mended, [...thirtyDays(), ...parts])).counts,
  });
  assert.equal(after[0]?.action, "none");
});

test("what-if of a run by time places by its buckets, and by dialogs where the placement does", () => {
  const layout = layoutOf(hourly, auditOf(hourly, thirtyDays()));
  const today = { placement: "time-bucket", shards: 4, label: layout.baseLabel };
  const { rows, dialogs } = whatIf(layout.dialogs, today, layout.counts);
  assert.equal(dialogs, 20);
  const ratio = (placement: string, shards: number) =>
    rows.find((row) => row.placement === placement && row.shards === shards)!.maxOverMean;
  near(ratio("time-bucket", 4), observedOf(layout), 1e-9);
  assert.ok(ratio("time-bucket", 64) < 1.3, "14,400 pairs on 64 shards");
  assert.ok(ratio("slots", 64) >= 64 / 20, "twenty dialogs lie on twenty shards at most");
  assert.ok(whatIf(layout.dialogs, today).rows.find((row) => row.placement === "time-bucket")!.maxOverMean >= 1);
});
