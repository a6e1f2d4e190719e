import assert from "node:assert/strict";
import { test } from "node:test";
import type { Capacity } from "../../../loadtest/capacity/document.ts";
import { capacityInWords } from "../../../loadtest/capacity/words.ts";

const found = (confidence: number): Capacity => ({
  version: 1,
  hotshard: "0",
  scenario: "random",
  command: "hotshard capacity random",
  until: "delivery.p99<50ms",
  low: 300,
  high: 310,
  ceiling: "threshold",
  confidence,
  stopped: null,
  bottleneck: null,
  forecast: null,
  steps: [],
});

test("the confidence is told, and never as certainty", () => {
  assert.match(capacityInWords(found(0.88))[0]!, /no longer at 310\/s \(confidence 88\s%\)/u);
  assert.match(capacityInWords(found(1))[0]!, /\(confidence over 99\s%\)/u);
});
