import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { MoverError, type MoverReading } from "../../../../server/topology/mover/contract.ts";
import { at, fresh } from "../changed.ts";
import { ALL_LABELS, anyScene, applyChange, assertDone, played, rowOf, type Scene } from "./scenes.ts";
import { Crash, crashAt, createWorld, key, type Step, type World } from "./world.ts";

const RUNS = 150;

/** Four shards become five, with messages before and after. */
function grown(messages = 40): World {
  const world = createWorld(fresh(), ALL_LABELS);
  for (let i = 0; i < messages; i++) world.write(rowOf({ dialog: i % 20, author: 1 + (i % 2) }, BigInt(i + 1)));
  assert.ok(applyChange(world, { do: "add", shard: "04" }, at(1)));
  for (let i = 0; i < 5; i++) world.write(rowOf({ dialog: i, author: 1 }, at(1) + BigInt(i)));
  return world;
}

async function untilDone(world: World, crashes: readonly number[]): Promise<void> {
  for (const n of crashes) {
    try {
      await world.mover(crashAt(n)).rebalance();
      return;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    // What the dead had begun ends.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await world.mover().rebalance();
}

test("after a rebalance every message is on its owner under one segment, and nothing is left elsewhere", async () => {
  const world = grown();
  const [first] = world.moving.topology.segments.slice(-1);
  const before = [...world.acked].filter((row) => world.shards[4]!.rows.has(key(row))).length;
  const { copied, kept, removed } = await world.mover().rebalance();
  assertDone(world);
  assert.deepEqual(world.moving.topology.segments, [{ ...first!, from: "0" }]);
  const after = world.shards[4]!.rows.size;
  assert.ok(after > before);
  assert.deepEqual({ copied, removed, kept }, { copied: after - before, removed: after - before, kept: 0 });
});

test("it says how far it is, how fast, and how long the phase still takes", async () => {
  const world = grown(400);
  let at = 0;
  const clock = { now: () => at, wall: () => 0, after: () => assert.fail("it does not pause") };
  const readings = new Map<string, MoverReading>();
  const step: Step = (moment, what) => {
    if (moment === "before" && what.startsWith("scan")) at += 10;
    const reading = mover.reading();
    if (reading !== null) readings.set(what === "publish" ? "copied" : reading.phase, reading);
  };
  const mover = world.mover(step, { clock });
  const { copied } = await mover.rebalance();
  const { remainingSeconds, rowsPerSecond, ...reached } = readings.get("copied")!;
  assert.deepEqual(reached, { kind: "rebalance", phase: "copy", seen: 400, moved: copied, total: 405, duty: 1 });
  // Pages of four, ten milliseconds each, and a last page of each shard that is not full.
  assert.ok(rowsPerSecond > 360 && rowsPerSecond <= 400, String(rowsPerSecond));
  assert.equal(remainingSeconds, 5 / rowsPerSecond);
  const { moved, phase, seen } = readings.get("delete")!;
  assert.deepEqual([phase, seen, moved], ["delete", 400 + copied, copied]);
  assert.equal(mover.reading(), null);
});

test("whatever happened before, and wherever movers die: no message is lost, doubled, or hidden for a moment", async () => {
  await fc.assert(
    fc.asyncProperty(anyScene, fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 6 }), async (scene, crashes) => {
      const world = played(scene);
      await untilDone(world, crashes);
      assertDone(world);
      assert.equal(world.moving.topology.segments.length, 1);
    }),
    { numRuns: RUNS, seed: 12 },
  );
});

test("a mover that dies at any moment leaves what the next one goes on from", async () => {
  const whole = crashAt(Infinity);
  await grown().mover(whole).rebalance();
  for (let n = 1; n <= whole.moments(); n++) {
    const world = grown();
    await assert.rejects(world.mover(crashAt(n)).rebalance(), Crash);
    await new Promise((resolve) => setImmediate(resolve));
    await world.mover().rebalance();
    assertDone(world);
  }
});

test("the next mover does not begin at the start again", async () => {
  const scans = { copy: 0, delete: 0, second: 0 };
  const whole = grown(400);
  await whole
    .mover((moment, what) => {
      if (moment === "before" && what.startsWith("scan")) scans[whole.moving.work!.phase] += 1;
    })
    .rebalance();
  const world = grown(400);
  let publishing = false;
  const crash: Step = (moment, what) => {
    publishing ||= what === "publish";
    if (publishing && moment === "before") throw new Crash("the process died");
  };
  await assert.rejects(world.mover(crash).rebalance(), Crash);
  await world
    .mover((moment, what) => {
      if (moment === "before" && what.startsWith("scan")) scans.second += 1;
    })
    .rebalance();
  assertDone(world);
  assert.equal(scans.second, scans.delete, "only the second of two passes is left");
});

test("the topology changes while rows are copied: the work goes on from the newest one", async () => {
  await fc.assert(
    fc.asyncProperty(anyScene, fc.integer({ min: 1, max: 60 }), fc.boolean(), async (scene, n, dies) => {
      const world = played(scene);
      let moments = 0;
      const step: Step = () => {
        moments += 1;
        if (moments === n) applyChange(world, { do: "split", dialog: "2_9", parts: 4 }, at(20));
        if (dies && moments >= n + 20) throw new Crash("the process died");
      };
      const [end] = await Promise.allSettled([world.mover(step).rebalance()]);
      if (end.status === "rejected") assert.ok(end.reason instanceof Crash, String(end.reason));
      else assert.equal(world.moving.topology.segments.length, 1);
      for (let id = at(20); id < at(20) + 9n; id++) world.write(rowOf({ dialog: Number(id % 7n), author: 1 }, id));
      await new Promise((resolve) => setImmediate(resolve));
      await world.mover().rebalance();
      assertDone(world);
      assert.equal(world.moving.topology.segments.length, 1);
    }),
    { numRuns: RUNS, seed: 3 },
  );
});

/** Waits for a number of turns that the seed says: what happens at once happens in another order each time. */
function jitter(seed: number): Step {
  let state = seed;
  return async () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    for (let turns = (state >>> 16) % 12; turns > 0; turns--) await Promise.resolve();
  };
}

test("two movers at once: the later one wins, the other is told, and no message suffers", async () => {
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(anyScene, fc.nat(), fc.nat(), fc.nat(60), async (scene, one, two, late) => {
      const world = played(scene);
      const begin = async (seed: number, node: number, after: number): Promise<void> => {
        for (let turn = 0; turn < after * 5; turn++) await Promise.resolve();
        await world.mover(jitter(seed), { self: () => ({ node, incarnation: 1 }) }).rebalance();
      };
      const ends = await Promise.allSettled([begin(one, 1, 0), begin(two, 2, late)]);
      for (const end of ends) {
        if (end.status === "fulfilled") continue;
        assert.ok(end.reason instanceof MoverError, String(end.reason));
        assert.equal(end.reason.code, "MOVER_LOST");
        lost += 1;
      }
      assert.ok(ends.some(({ status }) => status === "fulfilled"));
      await world.mover().rebalance();
      assertDone(world);
    }),
    { numRuns: RUNS, seed: 5 },
  );
  assert.ok(lost > RUNS / 4, `${lost} of ${RUNS} met`);
});

test("rows that an abandoned rebalance copied elsewhere are removed by the next one, wherever they belong by then", async () => {
  await fc.assert(
    fc.asyncProperty(anyScene, fc.integer({ min: 1, max: 60 }), async (scene: Scene, n) => {
      const world = played(scene);
      await world
        .mover(crashAt(n))
        .rebalance()
        .catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      // As the return of a shard does.
      world.moving = { ...world.moving, work: null };
      applyChange(world, { do: "placement", placement: "rendezvous" }, at(30));
      await world.mover().rebalance();
      assertDone(world);
    }),
    { numRuns: RUNS, seed: 8 },
  );
});
