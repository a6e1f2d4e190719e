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
  const options = { clock, bytesRead: () => 0, ping: () => pings++, onDead: () => assert.fail("dead") };
  startHeartbeat({ ...options, pingMs: 0 });
  startHeartbeat({ ...options, pingMs: 10 })();
  await clock.advance(1_000);
  assert.equal(pings, 0);
  assert.equal(clock.timers(), 0);
});
