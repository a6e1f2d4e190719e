import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbound, createReceipt, receive, settle } from "../../../loadtest/measurement/receipts.ts";

type Arrival = readonly [seq: number, settled: number];

/** What arrives, and what becomes of each. */
const TABLE: readonly (readonly [string, readonly Arrival[], string])[] = [
  [
    "in order",
    [
      [1, 0],
      [2, 1],
      [3, 2],
    ],
    "fff",
  ],
  [
    "one twice at once",
    [
      [1, 0],
      [1, 0],
      [2, 1],
    ],
    "fdf",
  ],
  [
    "one again later",
    [
      [1, 0],
      [2, 1],
      [3, 2],
      [1, 0],
    ],
    "fffd",
  ],
  [
    "overtaken while both were under way",
    [
      [2, 0],
      [1, 0],
    ],
    "ff",
  ],
  [
    "overtaken after its ack",
    [
      [2, 1],
      [1, 0],
    ],
    "fr",
  ],
  [
    "two behind one that knew both",
    [
      [3, 2],
      [1, 0],
      [2, 0],
    ],
    "frr",
  ],
  [
    "one that the overtaker knew, one that it did not",
    [
      [3, 1],
      [2, 0],
      [1, 0],
    ],
    "ffr",
  ],
  [
    "a gap is no fault",
    [
      [1, 0],
      [5, 1],
      [9, 5],
    ],
    "fff",
  ],
  [
    "late into a gap, unknown to those before",
    [
      [1, 0],
      [5, 1],
      [3, 1],
    ],
    "fff",
  ],
  [
    "a reordered one again is a duplicate",
    [
      [2, 1],
      [1, 0],
      [1, 0],
    ],
    "frd",
  ],
  [
    "the largest watermark counts, not the last",
    [
      [4, 3],
      [5, 2],
      [3, 2],
    ],
    "ffr",
  ],
];

test("arrivals are judged", () => {
  for (const [what, arrivals, expected] of TABLE) {
    const receipt = createReceipt();
    const verdicts = arrivals.map(([seq, settled]) => receive(receipt, seq, settled)[0]);
    assert.equal(verdicts.join(""), expected, what);
  }
});

test("an author's watermark waits for every earlier answer", () => {
  const outbound = createOutbound();
  const after = (seq: number) => {
    settle(outbound, seq);
    return outbound.answered.low;
  };
  assert.deepEqual([1, 3, 4, 2, 6].map(after), [1, 1, 1, 4, 4]);
});
