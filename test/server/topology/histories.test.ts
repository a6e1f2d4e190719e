import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createMemoryStateStore } from "../../../server/topology/memory-store.ts";
import { LEAST_GRANT_MS, idAt } from "../../../server/topology/state.ts";
import { createWorld, type Server, type World } from "./world.ts";

const LEASE = 10_000;
const server = fc.nat({ max: 1 });
const shard = fc.nat({ max: 1 });

/** What may happen to servers, clocks, shards and a state that stays. */
const COMMON = [
  { weight: 6, arbitrary: fc.record({ start: server }) },
  { weight: 8, arbitrary: fc.record({ send: server, shard, count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 4, arbitrary: fc.record({ begin: server, shard }) },
  { weight: 6, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 20_000 }) }) },
  { weight: 3, arbitrary: fc.record({ crash: server }) },
  { weight: 1, arbitrary: fc.record({ leave: server }) },
  { weight: 2, arbitrary: fc.record({ pause: server, ms: fc.constantFrom(4_000, 15_000, 90_000) }) },
  { weight: 3, arbitrary: fc.record({ wall: fc.constantFrom(-3_600_000, -15_000, -3_000, -20, 3_000, 60_000) }) },
  { weight: 1, arbitrary: fc.record({ state: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ toggle: shard }) },
];
const LOST = { weight: 1, arbitrary: fc.record({ lose: fc.constant(true) }) };

type Step = Partial<
  Record<
    "start" | "send" | "begin" | "shard" | "count" | "advance" | "crash" | "leave" | "pause" | "ms" | "wall",
    number
  >
> & { readonly state?: boolean; readonly toggle?: number; readonly lose?: boolean };

interface History {
  readonly world: World;
  /** Every server that ever was. */
  readonly all: Server[];
  readonly running: (Server | undefined)[];
  take(step: Step): Promise<void>;
}

/** @param machines servers that run at once, 1 or 2; those above share the last place */
function history(machines: number, onStart: (started: Server, before: readonly Server[]) => void): History {
  const world = createWorld();
  const all: Server[] = [];
  const running: (Server | undefined)[] = [];
  const at = (place: number | undefined) => (place === undefined ? undefined : running[place % machines]);

  async function start(place: number): Promise<void> {
    if (running[place]?.isAlive) return;
    const started = world.server();
    onStart(started, [...all]);
    all.push(started);
    running[place] = started;
    await world.turn();
  }

  return {
    world,
    all,
    running,
    async take(step) {
      if (step.start !== undefined) await start(step.start % machines);
      const sender = at(step.send);
      if (sender?.isAlive && !sender.isPaused && (await isStarted(world, sender))) {
        for (let i = 0; i < step.count!; i++) sender.send(world.shards[step.shard!]!);
      }
      const beginner = at(step.begin);
      if (beginner?.isAlive && !beginner.isPaused && (await isStarted(world, beginner))) {
        beginner.begin(world.shards[step.shard!]!);
      }
      if (step.advance !== undefined) await world.advance(step.advance);
      at(step.crash)?.crash();
      const leaver = at(step.leave);
      if (leaver?.isAlive && !leaver.isPaused && (await isStarted(world, leaver))) {
        const left = leaver.leave();
        await world.advance(1_000);
        await left;
      }
      const paused = at(step.pause);
      if (paused?.isAlive) {
        paused.pause();
        await world.advance(step.ms!);
        paused.resume();
        await world.turn();
      }
      if (step.wall !== undefined) world.setWall(step.wall);
      if (step.state !== undefined) world.isStateUp = step.state;
      if (step.toggle !== undefined) {
        const one = world.shards[step.toggle]!;
        one.isUp = !one.isUp;
      }
      if (step.lose === true) world.state = createMemoryStateStore(() => world.wall());
      await world.turn();
    },
  };
}

async function isStarted(world: World, one: Server): Promise<boolean> {
  return Promise.race([one.started.then(() => true).catch(() => false), world.turn().then(() => false)]);
}

/** Everything is well again: every server that runs writes on every shard, soon. */
async function heals({ running, world }: History): Promise<void> {
  world.isStateUp = true;
  for (const one of world.shards) one.isUp = true;
  for (let i = 0; i < 12; i++) {
    await world.advance(5_000);
    for (const one of running)
      if (one?.isAlive && (await isStarted(world, one))) for (const s of world.shards) one.send(s);
  }
  for (const one of running) {
    if (!one?.isAlive || !(await isStarted(world, one))) continue;
    for (const s of world.shards) assert.notEqual(one.send(s), null, "it writes again");
  }
}

test("random histories of two servers on one state: ids are unique, ascend, and start above what was acknowledged", async () => {
  const steps = fc.array(fc.oneof(...COMMON), { minLength: 10, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const acked = new Map<Server, bigint>();
      const past = history(2, (started, before) => {
        acked.set(
          started,
          before.flatMap((one) => one.acked).reduce((a, b) => (a > b ? a : b), -1n),
        );
      });
      await past.take({ start: 0 });
      for (const step of list) await past.take(step);
      await heals(past);
      const minted = past.all.flatMap((one) => one.minted);
      assert.equal(new Set(minted).size, minted.length, "no id is minted twice");
      for (const one of past.all) {
        const first = one.minted[0];
        if (first !== undefined)
          assert.ok(first > acked.get(one)!, "above all that was acknowledged before it started");
      }
    }),
    { numRuns: 400, seed: 7 },
  );
});

test("random histories of one server whose state is lost now and then: shards keep every id unique and in order", async () => {
  const steps = fc.array(fc.oneof(...COMMON, LOST), { minLength: 10, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const past = history(1, () => {});
      await past.take({ start: 0 });
      for (const step of list) await past.take(step);
      await heals(past);
      for (const { label, stored } of past.world.shards) {
        for (const [i, id] of stored.slice(1).entries()) assert.ok(id > stored[i]!, `shard ${label}: in order`);
      }
    }),
    { numRuns: 400, seed: 8 },
  );
});

test("random histories of two servers, states lost: no shard stores an id twice", async () => {
  const steps = fc.array(fc.oneof(...COMMON, LOST), { minLength: 10, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const past = history(2, () => {});
      await past.take({ start: 0 });
      for (const step of list) await past.take(step);
      await heals(past);
      for (const { stored } of past.world.shards) assert.equal(new Set(stored).size, stored.length);
    }),
    { numRuns: 400, seed: 9 },
  );
});

test("forty crashes within twenty seconds leave ids within a lease and the least grant of the clock", async () => {
  const world = createWorld();
  for (let i = 0; i < 40; i++) {
    const one = world.server();
    await one.started;
    const id = one.send(world.shards[0]!);
    assert.ok(id !== null && id < idAt(world.wall() + LEASE + LEAST_GRANT_MS));
    one.crash();
    await world.advance(500);
  }
});
