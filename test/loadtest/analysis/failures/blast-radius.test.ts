import assert from "node:assert/strict";
import { test } from "node:test";
import { blastRadius } from "../../../../loadtest/analysis/failures/blast-radius.ts";
import { createHistogram, type HistogramData } from "../../../../loadtest/measurement/histogram.ts";

function waits(ms: number, samples = 200): HistogramData {
  const histogram = createHistogram();
  for (let i = 0; i < samples; i += 1) histogram.record(ms);
  return histogram.toData();
}

const shards = [
  { label: "00", offered: 100, innocent: waits(10) },
  { label: "01", offered: 900, innocent: waits(80) },
  { label: "02", offered: 120, innocent: waits(20) },
];

test("the neighbours of the hot dialog against everybody else", () => {
  const blast = blastRadius(shards, true);
  assert.equal(blast?.shard, "01");
  assert.ok(Math.abs(blast.p99 - 4) < 0.1);
  assert.ok(Math.abs(blast.hotMs - 80) < 1 && Math.abs(blast.elsewhereMs - 20) < 1);
});

test("nobody to blame, nobody to compare with, too few samples", () => {
  assert.equal(blastRadius(shards, false), null);
  assert.equal(blastRadius(shards.slice(0, 1), true), null);
  assert.equal(blastRadius([], true), null);
  assert.equal(blastRadius([shards[0]!, { ...shards[1]!, innocent: waits(80, 99) }], true), null);
});
