import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHistory } from "../../../../loadtest/analysis/history/check-history.ts";
import type { Operation, Page } from "../../../../loadtest/measurement/operations.ts";

type Fault = "none" | "lost" | "late";

const idOf = (seq: number): string => String(1_000_000 + seq);

const pageOf = (begin: number, first: number, last: number, isEmpty: boolean): Page => ({
  begin,
  ...(first > 1 && !isEmpty && { next: idOf(first) }),
  stable: idOf(last + 1),
  rows: isEmpty ? [] : Array.from({ length: last - first + 1 }, (_, at) => [7, first + at, idOf(first + at), "aa"]),
});

/** One dialog in which each tenth message is followed by a page of the newest ten, and a read of all at the end. */
function longLog(messages: number, fault: Fault): Operation[] {
  const log: Operation[] = [];
  for (let seq = 1; seq <= messages; seq++) {
    const at = seq * 100;
    log.push(
      ["i", at, 7, 81, seq, "aa"],
      ["a", at + 5, 7, 81, seq, idOf(seq)],
      ["r", at + 6, 7, 81, seq, idOf(seq), "aa"],
    );
    if (seq % 10 === 0) log.push(["p", at + 91, 7, 81, seq, pageOf(at + 90, seq - 9, seq, fault !== "none")]);
  }
  const end = messages * 100 + 1_000;
  log.push(["p", end + 1, 7, 81, 0, pageOf(end, 1, messages, fault === "lost")]);
  return log;
}

const LENGTHS = [2_000, 64_000] as const;
for (const [fault, kind] of [
  ["none", "lost"],
  ["lost", "lost"],
  ["late", "stale"],
] as const) {
  test(`steps grow with the log and not faster: ${fault}`, () => {
    const [short, long] = LENGTHS.map((messages) => {
      const { operations, steps, anomalies } = checkHistory(longLog(messages, fault));
      assert.equal(anomalies[kind], fault === "none" ? 0 : messages, "every one is counted");
      return steps / operations;
    });
    // The search for a page's place, three times in two logarithms, takes a few steps more; a square would take 32 times.
    assert.ok(long! < short! + 2, `${short} and ${long} steps an operation`);
  });
}
