import assert from "node:assert/strict";
import { test } from "node:test";
import { singleSegment } from "../../../server/placement/topology.ts";
import { placedOf, replaceTopology, startTopology, type Placed } from "../../../server/topology/document.ts";
import { createFailover, PROBE_EVERY_MS, type FailoverMode } from "../../../server/topology/failover.ts";
import type { Patient } from "../../../server/topology/health.ts";
import { writableShards } from "../../../server/topology/segment-edits.ts";
import { freshState } from "../../../server/topology/state.ts";
import { NO_GUARD } from "../../support/no-guard.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

type Condition = "well" | "refuses" | "hangs" | "full" | "stores";

function createWorld(count: number, mode: FailoverMode = "auto") {
  const virtual = virtualClock();
  let stalled = 0;
  const clock = { ...virtual, now: () => virtual.now() + stalled };
  const labels = Array.from({ length: count }, (_, index) => `0${index}`);
  const condition = new Map<string, Condition>(labels.map((label) => [label, "well"]));
  let state: Placed = startTopology(freshState("0".repeat(32)), singleSegment({ labels, placement: "slots" }), false);
  const told: string[] = [];
  const restored: string[] = [];
  let canRestore = true;
  const hung: (() => void)[] = [];

  let asked = 0;

  function answer(label: string, isWrite: boolean): Promise<void> {
    asked++;
    const now = condition.get(label)!;
    // It answers what it was asked when it goes on.
    if (now === "hangs") return new Promise((resolve) => hung.push(resolve));
    if (now === "refuses" || (now === "full" && isWrite)) return Promise.reject(new Error(now));
    return Promise.resolve();
  }

  const patients = labels.map((label): Patient => ({
    label,
    failsWrites: () => condition.get(label) === "full",
    storedAt: () => (condition.get(label) === "stores" ? clock.now() : -Infinity),
    ping: () => answer(label, false),
    touch: () => answer(label, true),
  }));
  const failover = createFailover({
    mode,
    deadMs: 2_000,
    wellMs: 10_000,
    patients: () => patients,
    writable: () => writableShards(state.topology.segments.at(-1)!),
    out: () => state.out,
    async publish(next) {
      state = placedOf(replaceTopology(state, next));
    },
    async restore(label) {
      if (!canRestore) throw new Error("it cannot be compared");
      restored.push(label);
      state = { ...state, out: state.out.filter((one) => one.label !== label) };
    },
    clock,
    guard: NO_GUARD,
    tell: ({ level, shard, text }) => void told.push(`${level} ${shard}: ${text}`),
  });
  failover.start();
  return {
    clock,
    told,
    restored,
    failover,
    become(label: string, now: Condition) {
      condition.set(label, now);
      for (const resolve of hung.splice(0)) resolve();
    },
    asked: () => asked,
    letRestore: (can: boolean) => void (canRestore = can),
    stall: (ms: number) => void (stalled += ms),
    writable: () => writableShards(state.topology.segments.at(-1)!),
    out: () => state.out.map(({ label, phase }) => `${label} ${phase}`),
    state: () => state,
  };
}

for (const condition of ["refuses", "hangs", "full"] as const) {
  test(`a shard that ${condition} is taken out after deadMs, not before, and put back when it was well for wellMs`, async () => {
    const world = createWorld(3);
    await world.clock.advance(60_000);
    assert.equal(world.state().topology.epoch, 1, "nothing is done about shards that are well");
    world.become("01", condition);
    await world.clock.advance(1_900);
    assert.deepEqual(world.writable(), ["00", "01", "02"]);
    await world.clock.advance(100 + 2 * PROBE_EVERY_MS);
    assert.deepEqual(world.writable(), ["00", "02"]);
    assert.deepEqual(world.out(), ["01 lost"]);
    assert.match(world.told.at(-1)!, /error 01: it did not answer for 2\.\d s: it was taken out/);
    await world.clock.advance(60_000);
    assert.equal(world.state().topology.epoch, 2);
    world.become("01", "well");
    await world.clock.advance(9_000);
    assert.deepEqual(world.writable(), ["00", "02"]);
    await world.clock.advance(2_000);
    assert.deepEqual(world.writable(), ["00", "01", "02"]);
    assert.deepEqual(world.restored, ["01"]);
    assert.deepEqual(world.out(), []);
    await world.failover.stop();
  });
}

test("a shard that comes and goes waits twice as long each time, and stays when segments wait for a rebalance", async () => {
  const world = createWorld(2);
  const outside: number[] = [];
  for (let loss = 0; loss < 5; loss++) {
    world.become("01", "refuses");
    await world.clock.advance(3_000);
    if (world.writable().length === 2) break;
    world.become("01", "well");
    const since = world.clock.now();
    for (let waited = 0; waited < 400 && world.writable().length === 1; waited++) await world.clock.advance(1_000);
    outside.push(Math.round((world.clock.now() - since) / 1_000));
  }
  assert.deepEqual(outside, [11, 21, 41, 81]);
  assert.equal(world.writable().length, 2);
  assert.match(world.told.at(-1)!, /warn 01: the topology could not be changed/);
  await world.failover.stop();
});

test("a shard that stores messages is not asked: each of them is an answer", async () => {
  const world = createWorld(2);
  for (const label of ["00", "01"]) world.become(label, "stores");
  await world.clock.advance(10_000);
  assert.equal(world.asked(), 0);
  assert.equal(world.state().topology.epoch, 1);
  world.become("01", "hangs");
  await world.clock.advance(3_000);
  assert.deepEqual(world.writable(), ["00"]);
  await world.failover.stop();
});

test("a shard that is lost again before it was back is out once, from its first loss on", async () => {
  const world = createWorld(3);
  world.letRestore(false);
  world.become("01", "refuses");
  await world.clock.advance(3_000);
  const [first] = world.state().out;
  world.become("01", "well");
  await world.clock.advance(12_000);
  assert.deepEqual(world.out(), ["01 returning"]);
  world.become("01", "refuses");
  await world.clock.advance(3_000);
  assert.deepEqual(world.out(), ["01 lost"]);
  assert.equal(world.state().out[0]!.from, first!.from);
  world.letRestore(true);
  world.become("01", "well");
  await world.clock.advance(60_000);
  assert.deepEqual([world.out(), world.restored], [[], ["01"]]);
  await world.failover.stop();
});

test("the last shard stays, and so do all when none answers: it is this node that is cut off", async () => {
  const world = createWorld(2);
  for (const label of ["00", "01"]) world.become(label, "refuses");
  await world.clock.advance(60_000);
  assert.deepEqual(world.writable(), ["00", "01"]);
  world.become("00", "well");
  await world.clock.advance(1_000);
  assert.deepEqual(world.writable(), ["00"]);
  world.become("00", "refuses");
  await world.clock.advance(60_000);
  assert.deepEqual(world.writable(), ["00"]);
  await world.failover.stop();
});

test("advise says once what it would do, and off asks nobody", async () => {
  const world = createWorld(2, "advise");
  world.become("01", "refuses");
  await world.clock.advance(60_000);
  assert.deepEqual(world.writable(), ["00", "01"]);
  assert.equal(world.told.length, 1);
  assert.match(world.told[0]!, /warn 01: it did not answer for 2\.\d s: take it out by `hotshard shards drain 01`/);
  await world.failover.stop();
  const off = createWorld(2, "off");
  assert.equal(off.clock.timers(), 0);
});

test("after this process stood still, what it has not heard says nothing", async () => {
  const world = createWorld(2);
  world.become("01", "hangs");
  await world.clock.advance(1_000);
  // All its timers fall due at once, as after SIGSTOP.
  world.stall(70_000);
  await world.clock.advance(1_000);
  assert.deepEqual(world.writable(), ["00", "01"]);
  await world.failover.stop();
});
