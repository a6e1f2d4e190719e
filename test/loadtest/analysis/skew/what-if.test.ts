import assert from "node:assert/strict";
import { test } from "node:test";
import { maxOverMean } from "../../../../server/statistics/skew.ts";
import { SOME_MOMENT } from "../../../../loadtest/analysis/skew/moment.ts";
import { whatIf, type DialogCount } from "../../../../loadtest/analysis/skew/what-if.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";
import { PLACEMENTS } from "../../../../server/placement/registry.ts";
import { compileTopology } from "../../../../server/placement/router.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";

const router = compileTopology(singleSegment({ labels: ["00", "01", "02", "03"], placement: "slots" }));
const labelOf = (dialog: string): string => router.labels[router.place({ dialog, id: 1n, author: 1, client: "" })]!;
const today = { placement: "slots", shards: 4, label: labelOf };

function dialogs(n: number): DialogCount[] {
  const random = createRandom(4, 0);
  return Array.from({ length: n }, (_, i) => ({ dialog: `${i + 1}_${i + 2}`, count: 1 + random.below(4) }));
}

test("today's placement on today's shards is what is there now, and nothing moves", () => {
  const counts = [...dialogs(3_000), { dialog: "7_9999", count: 4_000 }];
  const { rows } = whatIf(counts, today);
  assert.equal(rows.length, Object.keys(PLACEMENTS).length * 6);
  const now = rows.find(({ placement, shards }) => placement === "slots" && shards === 4)!;
  const loads = new Map<string, number>();
  for (const { dialog, count } of counts) loads.set(labelOf(dialog), (loads.get(labelOf(dialog)) ?? 0) + count);
  assert.ok(Math.abs(now.maxOverMean - maxOverMean([...loads.values()])) < 1e-9);
  assert.equal(now.movedFromToday, 0);
  for (const { placement, shards, movedFromToday, maxOverMean: ratio, effectiveShards } of rows) {
    assert.ok(ratio >= 1 && ratio <= shards && Math.abs(effectiveShards * ratio - shards) < 1e-9);
    assert.ok(movedFromToday >= 0 && movedFromToday <= 1);
    // From 4 to 8 shards half of the dialogs stay with slots; modulo keeps as many by luck of the divisor only.
    if (placement === "slots" && shards === 8) assert.ok(Math.abs(movedFromToday - 0.5) < 0.05);
    if (placement === "time-bucket" && shards === 4) assert.ok(movedFromToday > 0.5);
  }
});

test("every row is what the router makes of all dialogs, however many", () => {
  const counts = dialogs(30_000);
  const { rows, sampled } = whatIf(counts, today);
  assert.equal(sampled, counts.length);
  for (const [placement, size] of [
    ["slots", 64],
    ["ring", 16],
    ["time-bucket", 8],
  ] as const) {
    const labels = Array.from({ length: size }, (_, i) => String(i).padStart(2, "0"));
    const all = compileTopology(singleSegment({ labels, placement }));
    const loads = labels.map(() => 0);
    for (const { dialog, count } of counts) {
      loads[all.place({ dialog, id: SOME_MOMENT, author: 1, client: "" })]! += count;
    }
    const row = rows.find((one) => one.placement === placement && one.shards === size)!;
    assert.equal(row.maxOverMean, maxOverMean(loads));
  }
});

test("a placement with options and an odd number of shards have their own rows; no dialogs, no rows", () => {
  const { rows } = whatIf(dialogs(50), { placement: "ring:virtualNodes=1", shards: 5, label: () => "00" });
  assert.ok(rows.some(({ placement, shards }) => placement === "ring:virtualNodes=1" && shards === 5));
  assert.deepEqual(whatIf([], today).rows, []);
});
