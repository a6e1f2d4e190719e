import assert from "node:assert/strict";
import { test } from "node:test";
import type { Progress } from "../../loadtest/drivers/contract.ts";
import { createLiveLine, formatProgress } from "../../loadtest/live-line.ts";

const PROGRESS: Progress = {
  phase: "measure",
  elapsedS: 8.4,
  totalS: 17,
  acked: { "01": 600, "00": 200, "02": 150, "03": 50 },
  sent: 1_010,
  rate: 1_234.4,
};

test("says time, rate and every shard's share, in the order of the labels", () => {
  const line = formatProgress("act 3", PROGRESS, 120);
  assert.match(line, /^act 3 ▕█████ +▏ +8\/17 s 1,234 msg\/s /u);
  assert.match(line, /00 .*20 %.*01 .*60 %.*02 .*15 %.*03 .* 5 %$/u);
});

test("shows a bar per shard on a terminal of 80 columns", () => {
  const line = formatProgress("act 3", PROGRESS, 80);
  assert.match(line, / 00 █+[▏▎▍▌▋▊▉]? +01 █{4,} +02 [█▏▎▍▌▋▊▉]+ +03 [▏▎▍▌▋▊▉]/u);
});

test("fits the terminal: bars shrink first, then the figures go, then shards are left out", () => {
  for (const columns of [40, 60, 80, 100, 200]) {
    const acked = Object.fromEntries(Array.from({ length: 64 }, (_, shard) => [String(shard).padStart(2, "0"), 5]));
    assert.ok(formatProgress("lady-gaga", { ...PROGRESS, acked }, columns).length < columns, `${columns} columns`);
    assert.ok(formatProgress("lady-gaga", PROGRESS, columns).length < columns, `${columns} columns, 4 shards`);
  }
});

test("shows no shards before anything is acknowledged", () => {
  assert.doesNotMatch(formatProgress("x", { ...PROGRESS, acked: { "00": 0 } }, 100), /%/u);
});

test("redraws on a terminal and prints every five seconds elsewhere", () => {
  const written: string[] = [];
  const stream = (isTTY: boolean) =>
    ({ isTTY, columns: 100, write: (text: string) => written.push(text) }) as unknown as NodeJS.WriteStream;
  const log = createLiveLine("run", stream(false));
  for (let elapsedS = 0; elapsedS < 12; elapsedS++) log.show({ ...PROGRESS, elapsedS });
  assert.equal(written.length, 3);
  written.length = 0;
  const live = createLiveLine("run", stream(true));
  for (let elapsedS = 0; elapsedS < 12; elapsedS++) live.show({ ...PROGRESS, elapsedS });
  live.end();
  assert.equal(written.length, 13);
  assert.ok(written.every((text) => text.startsWith("\r")));
});
