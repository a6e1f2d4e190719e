import assert from "node:assert/strict";
import { test } from "node:test";
import type { Progress } from "../../../loadtest/drivers/contract.ts";
import { createLiveView, drawProgress, progressLine } from "../../../loadtest/run/live-view.ts";

const PROGRESS: Progress = {
  phase: "measure",
  elapsedS: 8.4,
  totalS: 17,
  acked: { "01": 600, "00": 200, "02": 150, "03": 50 },
  sent: 1_010,
  rate: 1_234.4,
  p99Ms: { sendLag: 0.8, delivery: 42.1 },
};

const sixtyFour = Object.fromEntries(
  Array.from({ length: 64 }, (_, shard) => [String(shard).padStart(2, "0"), 5 + shard]),
);

test("draws time, rate beside the one asked, lag, p99, and a bar per shard in the order of the labels", () => {
  const [head, figures, ...shards] = drawProgress("lady-gaga", PROGRESS, 80, 24, 1_500);
  assert.match(head!, /^lady-gaga ▕█{15,}[▏▎▍▌▋▊▉]? +▏ 8\/17 s, 9 s to go$/u);
  assert.match(figures!, /1,234 of 1,500 msg\/s · send lag p99 0\.80\sms · delivery p99 42\.1\sms$/u);
  assert.deepEqual(
    shards.map((line) => /^ {2}(\d\d) [█▏▎▍▌▋▊▉]+ +(\d+) %$/u.exec(line)?.slice(1)),
    [
      ["00", "20"],
      ["01", "60"],
      ["02", "15"],
      ["03", "5"],
    ],
  );
  const [small = 0, large = 0] = shards.map((line) => line.replaceAll(/[^█▏▎▍▌▋▊▉]/gu, "").length);
  assert.ok(Math.abs(small / large - 1 / 3) < 0.02, "bars are to scale");
});

test("fits the terminal, whatever its size and the number of shards", () => {
  for (const columns of [60, 80, 100, 200]) {
    for (const acked of [PROGRESS.acked, sixtyFour]) {
      for (const rows of [10, 24, 50]) {
        const lines = drawProgress("a-long-name-of-a-scenario", { ...PROGRESS, acked }, columns, rows);
        assert.ok(lines.length < rows, `${lines.length} lines in ${rows} rows`);
        for (const line of lines) assert.ok(line.length < columns, `${columns}: ${line}`);
      }
    }
  }
  assert.match(drawProgress("x", { ...PROGRESS, acked: sixtyFour }, 60, 10).at(-1)!, /… \d+ lines more/u);
  assert.equal(drawProgress("x", { ...PROGRESS, acked: sixtyFour }, 120, 60).length, 2 + Math.ceil(64 / 5));
});

test("says what it waits for, and shows no shards and no lag before there are any", () => {
  const { p99Ms: _, ...bare } = PROGRESS;
  const early = drawProgress("x", { ...bare, acked: { "00": 0 }, elapsedS: -1, phase: "connect" }, 80, 24);
  assert.equal(early.length, 2);
  assert.match(early[0]!, /connecting$/u);
  assert.doesNotMatch(early.join(), /%|p99/u);
  assert.match(drawProgress("x", { ...bare, phase: "drain" }, 80, 24)[0]!, /waiting for answers$/u);
  assert.match(drawProgress("x", { ...bare, phase: "warmup" }, 80, 24)[0]!, /warm-up, 9 s to go$/u);
  assert.equal(
    progressLine("x", PROGRESS).replaceAll("\u202F", " "),
    "x 8/17 s, 9 s to go · 1,234 msg/s · send lag p99 0.80 ms · delivery p99 42.1 ms · 00 20 % · 01 60 % · 02 15 % · 03 5 %",
  );
});

const ESCAPE = "\u001B";
const CONTROL = new RegExp(`${ESCAPE}\\[(\\d+)A|(\\r${ESCAPE}\\[J)|(\\n)|([^${ESCAPE}\\n\\r]+)`, "gu");

/** What is on a terminal after these writes: enough of one for moves up, erasures and line ends. */
function screenAfter(writes: readonly string[]): string[] {
  let lines = [""];
  let row = 0;
  for (const [, up, erase, end, text] of writes.join("").matchAll(CONTROL)) {
    if (up !== undefined) row -= Number(up);
    else if (erase !== undefined) lines = [...lines.slice(0, row), ""];
    else if (end !== undefined) row += 1;
    else lines[row] = (lines[row] ?? "") + text!;
    lines[row] ??= "";
  }
  return lines;
}

function stream(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  return { written, stream: { isTTY, columns, rows: 24, write } as unknown as NodeJS.WriteStream };
}

test("redraws in place on a terminal and leaves nothing behind", () => {
  const { written, stream: terminal } = stream(true);
  const live = createLiveView("run", terminal, {}, {});
  for (let elapsedS = 0; elapsedS < 12; elapsedS++) live.show({ ...PROGRESS, elapsedS });
  const screen = screenAfter(written);
  assert.equal(screen.filter((line) => line !== "").length, 6);
  assert.match(screen[0]!, /11\/17 s/u);
  live.end();
  live.end();
  assert.deepEqual(screenAfter(written), [""]);
});

test("prints a plain line every five seconds elsewhere", () => {
  for (const [target, environment] of [
    [stream(false), {}],
    [stream(true), { TERM: "dumb" }],
    [stream(true, 40), {}],
  ] as const) {
    const live = createLiveView("run", target.stream, {}, environment);
    for (let elapsedS = 0; elapsedS < 12; elapsedS++) live.show({ ...PROGRESS, elapsedS });
    live.end();
    assert.equal(target.written.length, 3);
    assert.ok(target.written.every((text) => text.startsWith("run ") && text.endsWith("\n") && !text.includes(ESCAPE)));
  }
});
