import assert from "node:assert/strict";
import { test } from "node:test";
import { startHeartbeat } from "../../../../server/edge/ws/heartbeat.ts";
import { virtualClock } from "../../../support/virtual-clock.ts";

/** Bytes that come in each interval of 10 ms → what happens, one letter an interval: a ping, an end, nothing. */
const LIVES: Readonly<Record<string, { bytes: readonly number[]; course: string }>> = {
  "one that never says a word": { bytes: [0, 0, 0, 0, 0], course: "ppx.." },
  "one that answers each ping": { bytes: [0, 6, 6, 6, 6, 6], course: "pppppp" },
  "one that answers late, once in two": { bytes: [0, 0, 6, 0, 6, 0, 6], course: "ppppppp" },
  "one that falls silent": { bytes: [6, 6, 0, 0, 0, 0], course: "pppx.." },
};

for (const [who, { bytes, course }] of Object.entries(LIVES)) {
  test(`heartbeat of ${who}`, async () => {
    const clock = virtualClock();
    let read = 100;
    let now = ".";
    let happened = "";
    startHeartbeat({
      clock,
      pingMs: 10,
      bytesRead: () => read,
      bytesWritten: () => 0,
      ping: () => (now = "p"),
      onDead: () => (now = "x"),
    });
    for (const more of bytes) {
      read += more;
      now = ".";
      await clock.advance(10);
      happened += now;
    }
    assert.equal(happened, course);
  });
}

test("no pings with 0, and none after the end", async () => {
  const clock = virtualClock();
  let pings = 0;
  const options = {
    clock,
    bytesRead: () => 0,
    bytesWritten: () => 0,
    ping: () => pings++,
    onDead: () => assert.fail("dead"),
  };
  startHeartbeat({ ...options, pingMs: 0 });
  startHeartbeat({ ...options, pingMs: 10 }).stop();
  await clock.advance(1_000);
  assert.equal(pings, 0);
  assert.equal(clock.timers(), 0);
});

/** How long a peer lives that was sent so much and says nothing more, in intervals of 20 s; it answered `pong` after the first. */
async function livesFor(bytes: number, pong?: (first: string) => string): Promise<number> {
  const clock = virtualClock();
  let written = 500;
  let read = 100;
  const deaths: number[] = [];
  const pings: string[] = [];
  const heartbeat = startHeartbeat({
    clock,
    pingMs: 20_000,
    bytesRead: () => read,
    bytesWritten: () => written,
    ping: (payload) => void pings.push(payload),
    onDead: () => void deaths.push(clock.now()),
  });
  written += bytes;
  await clock.advance(20_000);
  if (pong !== undefined) {
    read += 10;
    heartbeat.pong(pong(pings[0]!));
  }
  while (deaths.length === 0) await clock.advance(20_000);
  return deaths[0]! / 20_000;
}

test("a peer that may be reading what was sent before the pings, at 12 KB a second, is not dead yet", async () => {
  assert.equal(await livesFor(0), 3);
  assert.equal(await livesFor(100_000), 3);
  // 166.7 s
  assert.equal(await livesFor(2_000_000), 9);
  // No kernel holds more than 4 MiB: 349.5 s.
  assert.equal(await livesFor(1_000_000_000), 18);
});

test("a pong says what was read; one that nobody asked for says nothing", async () => {
  assert.equal(await livesFor(2_000_000, (first) => first), 4);
  for (const payload of ["", "x", "-1", "1e99", "NaN"])
    assert.equal(await livesFor(2_000_000, () => payload), 11, payload);
});
