import assert from "node:assert/strict";
import { test } from "node:test";
import { createThrottle, MOST_SLOWER, nextDuty, pauseMs } from "../../../../server/topology/mover/throttle.ts";
import { virtualClock } from "../../../support/virtual-clock.ts";

test("half the duty when messages suffer, a little more when they do not", () => {
  const table: readonly [number, number, number][] = [
    [0.1, 1, 0.15],
    [0.1, MOST_SLOWER, 0.15],
    [0.98, 0, 1],
    [1, 0.5, 1],
    [1, MOST_SLOWER + 0.01, 0.5],
    [0.015, 9, 0.01],
    [0.01, 9, 0.01],
  ];
  for (const [duty, slower, next] of table) {
    assert.ok(Math.abs(nextDuty(duty, slower) - next) < 1e-9, `${duty} at ${slower}: ${nextDuty(duty, slower)}`);
  }
});

test("the pause makes up the rest of the time, and is never longer than two seconds", () => {
  for (const [duty, took, pause] of [
    [1, 20, 0],
    [0.5, 20, 20],
    [0.1, 20, 180],
    [0.01, 20, 1_980],
    [0.01, 500, 2_000],
  ] as const) {
    assert.ok(Math.abs(pauseMs(duty, took) - pause) < 1e-9, `${duty} of ${took} ms`);
  }
});

/** A mover whose chunks take 10 ms, over shards whose commits take what the test says. */
function driven(p99: Map<string, number>, isOn = () => true) {
  const clock = virtualClock();
  const throttle = createThrottle([...p99.keys()], { clock, isOn, p99Ms: (label) => p99.get(label) ?? null });
  async function run(ms: number, touched: readonly string[]): Promise<number> {
    const end = clock.now() + ms;
    while (clock.now() < end) {
      await clock.advance(10);
      const pause = throttle.pause(touched, 10);
      while (clock.timers() > 0) await clock.advance(1);
      await pause;
    }
    return throttle.duty();
  }
  return { throttle, run };
}

test("it grows while commits are as they were, gives way when they are not, and comes back", async () => {
  const p99 = new Map([
    ["00", 4],
    ["01", 8],
    ["02", 5],
  ]);
  const { run, throttle } = driven(p99);
  assert.ok(throttle.duty() <= 0.1, "it begins gently");
  assert.equal(await run(8_000, ["00", "01"]), 1);
  p99.set("02", 500);
  assert.equal(await run(2_000, ["00", "01"]), 1, "a shard that it does not touch is not its business");
  p99.set("01", 8 * MOST_SLOWER + 0.1);
  assert.ok((await run(2_000, ["00", "01"])) < 0.1);
  p99.set("01", 8);
  assert.equal(await run(30_000, ["00", "01"]), 1);
});

test("commits that stay slow though it hardly works are slow by others: it does not wait for them for ever", async () => {
  const p99 = new Map([["00", 4]]);
  const { run } = driven(p99);
  p99.set("00", 40);
  assert.ok((await run(2_000, ["00"])) <= 0.02);
  assert.equal(await run(20_000, ["00"]), 1);
  p99.set("00", 60);
  assert.ok((await run(2_000, ["00"])) < 0.1, "slower than that is too slow");
});

test("a shard that was idle is measured by its first commits; commits below a millisecond are all alike", async () => {
  const p99 = new Map([["00", 0.1]]);
  const { run } = driven(p99);
  p99.set("00", 0.9);
  p99.set("01", 30);
  assert.equal(await run(8_000, ["00", "01"]), 1);
  p99.set("01", 60);
  assert.ok((await run(2_000, ["00", "01"])) < 0.2);
});

test("unthrottled it does not wait", async () => {
  const { run, throttle } = driven(new Map([["00", 4]]), () => false);
  assert.equal(throttle.duty(), 1);
  assert.equal(await run(100, ["00"]), 1);
});
