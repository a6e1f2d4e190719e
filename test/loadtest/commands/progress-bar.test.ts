import assert from "node:assert/strict";
import { test } from "node:test";
import { progressBar, progressLine } from "../../../loadtest/commands/progress-bar.ts";

test("how far, how fast, how long", () => {
  for (const [progress, line] of [
    [
      { what: "copying", seen: 5_000, of: 20_000, perS: 8_100.4, remainingS: 1.85 },
      "copying ███          25.0\u202f%, 5,000 of 20,000 rows, 8,100/s, 2 s left",
    ],
    [{ what: "copying", seen: 7, of: null, perS: null, remainingS: null }, "copying, 7 rows"],
    [{ what: "reading", seen: 0, of: 0 }, "reading, 0 of 0 rows"],
    // Rows that came meanwhile.
    [{ what: "reading", seen: 12, of: 10 }, `reading ${"█".repeat(12)} 100.0\u202f%, 12 of 10 rows`],
  ] as const) {
    assert.equal(progressLine(progress), line);
  }
});

test("on a terminal it is one line that goes; elsewhere a line now and then", () => {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const bar = progressBar({ isTTY: true, columns: 60, write });
  bar.show({ what: "reading", seen: 1, of: null });
  bar.show({ what: "x".repeat(200), seen: 1, of: null });
  bar.end();
  assert.deepEqual(written, ["\r\u001b[Kreading, 1 rows", `\r\u001b[K${"x".repeat(59)}`, "\r\u001b[K"]);

  written.length = 0;
  let now = 0;
  const log = progressBar({ write }, () => now);
  for (now = 0; now <= 25_000; now += 500) log.show({ what: "reading", seen: now, of: null });
  log.end();
  assert.deepEqual(written, ["reading, 0 rows\n", "reading, 10,000 rows\n", "reading, 20,000 rows\n"]);
});
