import assert from "node:assert/strict";
import { test } from "node:test";
import { lostInWords, outageReason } from "../../../../loadtest/analysis/failures/outage-reason.ts";

const at = (from: number, until: number | null, reason: string) => ({ from, until, reason });
const shards = [
  { label: "00", state: "up", outages: [] },
  {
    label: "01",
    state: "down",
    outages: [
      at(1_000_000, 1_004_000, "ECONNRESET: closed"),
      at(2_000_000, 2_001_000, "ECONNREFUSED: refused"),
      at(2_002_000, 2_003_000, "ECONNREFUSED: refused"),
      at(2_004_000, null, "ETIMEDOUT: no answer"),
    ],
  },
  { label: "02", state: "down" },
  { label: "03", state: "down", outages: [at(5, null, "")] },
] as const;

test("the reason of an outage is what the database said in that time, whatever the clocks are apart", () => {
  const rows: readonly [label: string, from: number, until: number, reason: string | null][] = [
    ["01", 1_000_500, 1_004_500, "ECONNRESET: closed"],
    ["01", 990_500, 994_500, "ECONNRESET: closed"],
    ["01", 500_000, 501_000, null],
    ["01", 1_500_000, 1_501_000, null],
    ["01", 2_000_000, 2_003_000, "ECONNREFUSED: refused; ETIMEDOUT: no answer"],
    ["01", 9_000_000, 9_001_000, "ETIMEDOUT: no answer"],
    ["00", 1_000_000, 3_000_000, null],
    ["02", 0, 1, null],
    ["03", 0, 1, null],
    ["99", 0, 1, null],
  ];
  for (const [label, from, until, reason] of rows)
    assert.equal(outageReason(shards, label, from, until), reason, `${label} ${from}`);
});

test("shards that are down now, with what is known of each", () => {
  assert.equal(lostInWords(shards), "shard 01 is lost (ETIMEDOUT: no answer); shard 02 is lost; shard 03 is lost");
  assert.equal(lostInWords(shards.slice(0, 1)), null);
});
