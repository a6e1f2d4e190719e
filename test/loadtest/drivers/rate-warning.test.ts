import assert from "node:assert/strict";
import { test } from "node:test";
import { rateWarning } from "../../../loadtest/drivers/rate-warning.ts";

test("a rate beyond what a driver was seen to make is told before the run, with how many processes it takes", () => {
  assert.equal(rateWarning("node", 25_000, 1), null);
  assert.equal(rateWarning("node", 100_000, 4), null);
  assert.match(
    rateWarning("node", 60_000, 1)!,
    /^RATE_HIGH: 60000 .*one process of the node driver .*--generators 3,/u,
  );
  assert.match(
    rateWarning("k6", 12_000, 2)!,
    /2 processes of the k6 driver .*\(5000 each.*--driver node, or --generators 3,/u,
  );
});
