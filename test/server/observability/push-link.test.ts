import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { LokiTarget } from "../../../server/observability/loki-worker.ts";
import { createPushLink, type PushLimits } from "../../../server/observability/push-link.ts";
import { startFakeLoki, type FakeLoki, type LokiMood } from "../../support/fake-loki.ts";

const QUICK: Partial<PushLimits> = { batchMs: 20, retryMs: 20, longestRetryMs: 100 };

/** Turns a hang into a failure: nothing takes so long on a busy machine. */
const HANG_MS = 120_000;

/** A log of numbered lines in front of a fake Loki. @param timeout of one push, ms */
async function start(t: TestContext, limits: Partial<PushLimits> = {}, timeout = HANG_MS) {
  const loki = await startFakeLoki();
  t.after(() => loki.close());
  const states: string[] = [];
  const link = createPushLink<LokiTarget>("loki-worker", (state) => states.push(state), { ...QUICK, ...limits });
  const labels = { app: "hotshard", env: "test", instance: "127.0.0.1:1" };
  link.start({ host: loki.url, labels, timeout });
  let seq = 0;
  const log = (count: number, padding = "") => {
    for (let index = 0; index < count; index++) {
      const line = { level: 30, time: 1_763_000_000_000, seq: ++seq, shard: "00", msg: `line ${seq}${padding}` };
      link.write(`${JSON.stringify(line)}\n`);
    }
  };
  return { loki, link, states, log, logged: () => seq };
}

/** Everything that was logged met one of two ends, and what Loki holds is what was counted as accepted. */
function assertExact(loki: FakeLoki, lines: { accepted: number; dropped: number }, logged: number): void {
  assert.equal(lines.accepted + lines.dropped, logged);
  const held = new Set(loki.stored.map(({ metadata }) => metadata["seq"]));
  assert.equal(held.size, lines.accepted);
}

test("every line arrives: labels, metadata, time and text as Loki wants them, in batches below its limits", async (t) => {
  const { loki, link, log } = await start(t);
  log(20_000, ' with "quotes" and ünïcode');
  await link.close(HANG_MS);
  assert.deepEqual(link.counts(), { accepted: 20_000, dropped: 0 });
  assertExact(loki, link.counts(), 20_000);
  assert.ok(loki.largestBytes() < 2_097_152, `${loki.largestBytes()} bytes in one push`);
  const { labels, line, metadata, timeNs } = loki.stored[0]!;
  assert.deepEqual(labels, { app: "hotshard", env: "test", instance: "127.0.0.1:1", level: "info" });
  assert.equal(timeNs, "1763000000000000000");
  assert.deepEqual(metadata, { seq: "1", shard: "00" });
  assert.match(JSON.parse(line).msg, /^line 1 with "quotes"/);
});

test("long lines make small batches, and one that Loki would refuse is dropped alone", async (t) => {
  const { loki, link, log } = await start(t);
  log(100, '"\\'.repeat(30_000));
  log(1, "x".repeat(140_000));
  log(1);
  await link.close(HANG_MS);
  assert.deepEqual(link.counts(), { accepted: 101, dropped: 1 });
  assert.ok(loki.largestBytes() < 4_194_304, `${loki.largestBytes()} bytes in one push`);
  assert.ok(loki.answers.every((status) => status === 204));
});

for (const mood of [500, 429, "hang"] as const satisfies LokiMood[]) {
  test(`a Loki that says ${mood} for a while loses nothing that the queue holds, and counts the rest`, async (t) => {
    const { loki, link, states, log, logged } = await start(
      t,
      { queueLines: 5_000 },
      mood === "hang" ? 1_000 : HANG_MS,
    );
    log(1_000);
    while (link.counts().accepted < 1_000) await delay(5);
    loki.mood(mood);
    log(1_000);
    await loki.until(() => loki.answers.includes(mood));
    // 1,000 are being pushed; 5,000 wait; there is no room for the others.
    log(7_000);
    assert.equal(link.counts().dropped, 2_000);
    await loki.until(() => loki.answers.filter((status) => status === mood).length >= 2);
    loki.mood(204);
    await link.close(HANG_MS);
    assertExact(loki, link.counts(), logged());
    assert.deepEqual(link.counts(), { accepted: 7_000, dropped: 2_000 });
    // One that may wait for a second only may fail again where the machine is busy.
    const [first, last] = [states[0], states.at(-1)];
    assert.deepEqual(mood === "hang" ? [first, last] : states, ["failing", "taking"]);
  });
}

test("what Loki refuses for its content is dropped at once, and a batch that it never takes in the end", async (t) => {
  const { loki, link, log, logged } = await start(t, { giveUpMs: 100 });
  loki.mood(400);
  log(10);
  await loki.until(() => loki.answers.length > 0);
  loki.mood(500);
  log(10);
  while (link.counts().dropped < 20) await delay(10);
  assert.ok(loki.answers.includes(500));
  assert.equal(loki.answers.filter((status) => status === 400).length, 1, "a refusal is not tried again");
  loki.mood(204);
  log(10);
  await link.close(HANG_MS);
  assert.deepEqual(link.counts(), { accepted: 10, dropped: 20 });
  assertExact(loki, link.counts(), logged());
});

test("a stop waits no longer than it may for a Loki that never answers, or is not there", async (t) => {
  const { loki, link, log, logged } = await start(t);
  loki.mood("hang");
  log(3_000);
  await loki.until(() => loki.answers.length > 0);
  // Or this test hangs.
  await link.close(500);
  link.write("one more\n");
  assert.deepEqual(link.counts(), { accepted: 0, dropped: logged() + 1 });

  const nowhere = createPushLink<LokiTarget>("loki-worker", () => undefined, QUICK);
  nowhere.start({ host: "http://127.0.0.1:1", labels: { app: "a", env: "e", instance: "i" }, timeout: 300 });
  nowhere.write('{"level":30}\n');
  await nowhere.close(300);
  assert.deepEqual(nowhere.counts(), { accepted: 0, dropped: 1 });
});
