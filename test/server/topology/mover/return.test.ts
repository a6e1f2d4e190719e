import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { MessageRow } from "../../../../server/shards/contract.ts";
import type { Out } from "../../../../server/topology/state.ts";
import { ownerOf } from "../../../../server/topology/mover/place.ts";
import { at, fresh } from "../changed.ts";
import { ALL_LABELS, applyChange, assertDone, rowOf } from "./scenes.ts";
import { Crash, crashAt, createWorld, key, type Step, type World } from "./world.ts";

const OUT = "01";

/** Which messages were under way when the shard died, by number, and were sent again: stored twice, acked once. */
interface Death {
  readonly resent: readonly number[];
  /** A rebalance was under way when it died, and did not get further. */
  readonly rebalance: Step;
}

function outAt(label: string, from: bigint): Out {
  return { label, from: from.toString(), phase: "returning", since: 0, reason: "it did not answer" };
}

/** A shard died, its dialogs went on elsewhere, and now it takes messages again and waits to be readable. */
async function returning({ rebalance, resent }: Death): Promise<World> {
  const world = createWorld(fresh(), ALL_LABELS);
  for (let i = 0; i < 80; i++) world.write(rowOf({ dialog: i % 40, author: 1 + (i % 2) }, BigInt(i + 1)));
  applyChange(world, { do: "add", shard: "04" }, at(1));
  await world
    .mover(rebalance)
    .rebalance()
    .catch((error: unknown) => assert.ok(error instanceof Crash));
  await new Promise((resolve) => setImmediate(resolve));
  applyChange(world, { do: "take-out", shard: OUT }, at(2));
  const lost = [...world.acked].filter((row) => ownerOf(world.moving.topology)(row) === OUT);
  for (const [index, row] of lost.entries()) {
    if (!resent.includes(index)) continue;
    // The sender never heard of the first try.
    world.acked.delete(row);
    world.write({ ...row, id: String(at(2) + BigInt(index)) });
  }
  for (let i = 0; i < 30; i++) world.write(rowOf({ dialog: i % 20, author: 1 }, at(2) + BigInt(1_000 + i)));
  applyChange(world, { do: "put-back", shard: OUT }, at(3));
  world.moving = { ...world.moving, out: [outAt(OUT, at(2))] };
  for (let i = 0; i < 30; i++) world.write(rowOf({ dialog: i % 20, author: 1 }, at(3) + BigInt(i)));
  return world;
}

const anyDeath: fc.Arbitrary<Death> = fc.record({
  resent: fc.uniqueArray(fc.nat(19), { maxLength: 8 }),
  rebalance: fc.integer({ min: 1, max: 150 }).map(crashAt),
});

/** No message is on two shards under two ids. */
function assertNoTwins({ acked, shards }: World): void {
  const ids = new Map<string, string>();
  for (const row of shards.flatMap(({ rows }) => [...rows.values()])) {
    const client = JSON.stringify([row.dialog, row.author, row.client]);
    assert.equal(ids.get(client) ?? row.id, row.id, client);
    ids.set(client, row.id);
  }
  assert.equal(ids.size, acked.size);
}

test("what was sent again while a shard was out is there once when it is back: under its later id", async () => {
  await fc.assert(
    fc.asyncProperty(anyDeath, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }), async (death, crashes) => {
      const world = await returning(death);
      for (const n of crashes) {
        if (world.moving.out.length === 0) break;
        await world
          .mover(crashAt(n))
          .bringBack(OUT)
          .catch((error: unknown) => assert.ok(error instanceof Crash));
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (world.moving.out.length > 0) await world.mover().bringBack(OUT);
      assertNoTwins(world);
      assert.deepEqual([world.moving.out, world.moving.work], [[], null]);
      await world.mover().rebalance();
      assertDone(world);
      assertNoTwins(world);
    }),
    { numRuns: 150, seed: 4 },
  );
});

const beforeItCounts: Step = (_moment, what) => {
  if (what === "publish") throw new Crash("the process died");
};

test("copies that a rebalance made of first tries, before it was given up, go with them", async () => {
  const all = Array.from({ length: 40 }, (_, index) => index);
  const world = await returning({ resent: all, rebalance: beforeItCounts });
  const copies = (): number => [...world.shards[4]!.rows.values()].filter(({ id }) => BigInt(id) < at(1)).length;
  const before = copies();
  await world.mover().bringBack(OUT);
  assert.ok(copies() < before);
  assertNoTwins(world);
});

test("nothing else is removed from it, and it says how many were", async () => {
  const world = await returning({ resent: [0, 3], rebalance: crashAt(1) });
  const before = new Map(world.shards[1]!.rows);
  const { copied, removed } = await world.mover().bringBack(OUT);
  assert.deepEqual({ copied, removed }, { copied: 0, removed: 2 });
  const gone = [...before.values()].filter((row) => !world.shards[1]!.rows.has(key(row)));
  const again = (row: MessageRow) => [...world.acked].some(({ client, id }) => client === row.client && id !== row.id);
  assert.deepEqual(gone.map(again), [true, true]);
});

test("a shard that is not out needs no return; one that returns goes before a rebalance, and one at a time", async () => {
  const world = await returning({ resent: [1], rebalance: crashAt(30) });
  assert.equal(world.moving.work?.kind, "rebalance");
  await assert.rejects(world.mover().bringBack("02"), { code: "NOTHING_TO_DO" });
  const { out } = world.moving;
  world.moving = { ...world.moving, out: [{ ...out[0]!, phase: "lost" }] };
  await assert.rejects(world.mover().bringBack(OUT), { code: "SHARD_OUT" });
  world.moving = { ...world.moving, out };
  await assert.rejects(world.mover(crashAt(10)).bringBack(OUT), Crash);
  world.moving = { ...world.moving, out: [...world.moving.out, outAt("02", at(3))] };
  world.moving = { ...world.moving, isBusy: true };
  const other = { self: () => ({ node: 9, incarnation: 1 }) };
  for (const shard of [OUT, "02"]) {
    await assert.rejects(world.mover(undefined, other).bringBack(shard), {
      code: "WORK_UNDER_WAY",
      message: /node 1/u,
    });
  }
  // One that was left does not keep another from being done.
  await world.mover().bringBack("02");
  await world.mover().bringBack(OUT);
  assert.deepEqual(world.moving.out, []);
});
