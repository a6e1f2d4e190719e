import assert from "node:assert/strict";
import { test } from "node:test";
import type { MoverErrorCode } from "../../../../server/topology/mover/contract.ts";
import type { Out, Work } from "../../../../server/topology/state.ts";
import { ownerOf } from "../../../../server/topology/mover/place.ts";
import { createMover } from "../../../../server/topology/mover/mover.ts";
import { virtualClock } from "../../../support/virtual-clock.ts";
import { at, fresh } from "../changed.ts";
import { ALL_LABELS, applyChange, assertDone, rowOf } from "./scenes.ts";
import { createWorld, key, type Step, type World } from "./world.ts";

function grown(): World {
  const world = createWorld(fresh(), ALL_LABELS);
  for (let i = 0; i < 60; i++) world.write(rowOf({ dialog: i % 20, author: 1 }, BigInt(i + 1)));
  applyChange(world, { do: "add", shard: "04" }, at(1));
  return world;
}

const refused = (code: MoverErrorCode, message = /./u) => ({ name: "MoverError", code, message });
const WORK: Work = {
  kind: "rebalance",
  token: 1,
  node: 7,
  incarnation: 3,
  below: at(1).toString(),
  phase: "copy",
  cursors: {},
  since: 0,
  seen: 0,
  moved: 0,
};

test("another node that may be alive moves rows: refused, and nothing changes", async () => {
  const world = grown();
  world.moving = { ...world.moving, work: WORK, token: 1, isBusy: true };
  const before = world.moving;
  await assert.rejects(world.mover().rebalance(), refused("WORK_UNDER_WAY", /node 7/u));
  assert.equal(world.moving, before);
  // It is this very node, which lost a shard meanwhile.
  await world.mover(undefined, { self: () => ({ node: 7, incarnation: 3 }) }).rebalance();
  assertDone(world);
});

test("one mover does one work at a time, and can be stopped and begun again", async () => {
  const world = grown();
  const mover = world.mover(undefined, { chunksPerSave: 100 });
  const first = mover.rebalance();
  await assert.rejects(mover.rebalance(), refused("WORK_UNDER_WAY"));
  mover.stop();
  await assert.rejects(first, refused("MOVER_STOPPED"));
  assert.ok(world.moving.work!.seen > 0, "the state knows how far it came");
  assert.equal(mover.reading(), null);
  await mover.rebalance();
  assertDone(world);
});

test("a shard that is out goes first: before the copying, and before what was copied counts", async () => {
  const out: Out[] = [{ label: "01", from: at(1).toString(), phase: "lost", since: 0, reason: "it does not answer" }];
  const before = grown();
  before.moving = { ...before.moving, out };
  await assert.rejects(before.mover().rebalance(), refused("SHARD_OUT", /01/u));
  const world = grown();
  const { epoch } = world.moving.topology;
  const lose: Step = (_moment, what) => {
    if (what === "copy 04") world.moving = { ...world.moving, out };
  };
  await assert.rejects(world.mover(lose).rebalance(), refused("SHARD_OUT"));
  assert.equal(world.moving.topology.epoch, epoch);
});

test("a copy that meets its message under another id stops the work, and says which", async () => {
  const world = grown();
  const moving = [...world.acked].find((row) => row.dialog === movedDialog(world));
  world.shards[4]!.put({ ...moving!, id: "999" });
  await assert.rejects(
    world.mover().rebalance(),
    refused("COPY_CLASH", new RegExp(`${moving!.id} .*04.* as 999`, "u")),
  );
  world.check("after the clash");
});

test("a row that is lost on its way, or arrives as another, stops the work before it counts", async () => {
  for (const spoil of [
    (world: World) => world.shards[4]!.rows.delete([...world.shards[4]!.rows.keys()][0]!),
    (world: World) => {
      const [row] = [...world.shards[4]!.rows.values()];
      world.shards[4]!.put({ ...row!, text: "another" });
    },
  ]) {
    const world = grown();
    const { epoch } = world.moving.topology;
    const step: Step = (moment, what) => {
      if (moment === "after" && what === "copy 04") spoil(world);
    };
    await assert.rejects(world.mover(step).rebalance(), refused("COPY_DIFFERS", /04/u));
    assert.equal(world.moving.topology.epoch, epoch);
    world.check("after it");
  }
});

test("a row that its owner does not have stays where it is, and is counted", async () => {
  const world = grown();
  await world.mover().rebalance();
  const row = [...world.acked].find((one) => one.dialog === movedDialog(world))!;
  const stray = rowOf({ dialog: 0, author: 2 }, 500n);
  const elsewhere = world.shards[4]!;
  assert.notEqual(ownerOf(world.moving.topology)(stray), elsewhere.label);
  elsewhere.put(stray);
  world.shards[0]!.put(row);
  const { kept, removed } = await world.mover().rebalance();
  assert.deepEqual({ kept, removed }, { kept: 1, removed: 1 });
  assert.ok(elsewhere.rows.has(key(stray)));
  // Nor does the next rebalance make a message of it: it may be a first try that was removed from its owner.
  applyChange(world, { do: "placement", placement: "jump" }, at(9));
  await world.mover().rebalance();
  assert.deepEqual(
    world.shards.filter(({ rows }) => rows.has(key(stray))).map(({ label }) => label),
    [elsewhere.label],
  );
});

test("a shard that was restored from an older copy has forgotten the token: all is copied again", async () => {
  const world = grown();
  const restore: Step = (moment, what) => {
    if (moment !== "after" || what !== "copy 04") return;
    world.shards[4]!.token = 0;
  };
  await assert.rejects(world.mover(restore).rebalance(), refused("SHARD_WENT_BACK", /04/u));
  world.shards[4]!.clear();
  assert.deepEqual(world.moving.work!.cursors, {});
  await world.mover().rebalance();
  assertDone(world);
});

test("shards that know larger tokens than the state, because that was lost, are moved all the same", async () => {
  const world = grown();
  world.shards[2]!.token = 8;
  world.shards[4]!.token = 9;
  await world.mover().rebalance();
  assertDone(world);
  assert.ok(world.moving.token > 9);
  assert.deepEqual(new Set(world.shards.slice(0, 5).map(({ token }) => token)), new Set([world.moving.token]));
});

test("a shard that this server does not have is named", async () => {
  const world = grown();
  const none = createMover({
    state: {
      read: async () => world.moving,
      update: async (change) => ({ ...world.moving, ...change(world.moving) }),
      publish: () => assert.fail(),
    },
    shards: () => [],
    self: () => ({ node: 1, incarnation: 1 }),
    clock: virtualClock(),
    p99Ms: () => null,
  });
  await assert.rejects(none.rebalance(), refused("NO_SHARD", /00/u));
});

/** One that the fifth shard takes over. */
function movedDialog(world: World): string {
  const twin = grown();
  const owner = new Map([...twin.acked].map((row) => [row.dialog, row]));
  const { topology } = world.moving;
  const newest = { ...topology, segments: [{ ...topology.segments.at(-1)!, from: "0" }] };
  for (const [dialog, row] of owner) if (ownerOf(newest)(row) === "04") return dialog;
  return assert.fail("none moves");
}
