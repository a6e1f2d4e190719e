import assert from "node:assert/strict";
import { test } from "node:test";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment, validateTopology } from "../../../server/placement/topology.ts";
import type { Shard } from "../../../server/shards/shard.ts";
import { createViews } from "../../../server/topology/view.ts";

const SHARDS = new Map(["00", "01", "02"].map((label) => [label, { label } as Shard]));
const FIRST = singleSegment({ labels: ["00", "01"], placement: "slots" });
const NEXT = validateTopology({
  epoch: 2,
  shards: ["02", "00", "01"],
  segments: [
    ...FIRST.segments,
    { from: "1000", placement: "slots", shards: [{ label: "02", weight: 1 }], overrides: [] },
  ],
});

const labels = (shards: readonly Shard[]): string[] => shards.map(({ label }) => label);

test("a view answers with shards where the router has indexes, and stays what it is when the next one holds", () => {
  const views = createViews(FIRST, SHARDS);
  const before = views.current();
  const router = compileTopology(FIRST);
  const keys = Array.from({ length: 50 }, (_, i) => ({ dialog: `1_${i + 2}`, id: 5_000n, author: 1, client: "a" }));
  const placed = keys.map((key) => before.place(key).label);
  assert.deepEqual(
    placed,
    keys.map((key) => FIRST.shards[router.place(key)]),
  );
  const heard: number[] = [];
  const stop = views.onChange(({ topology }) => heard.push(topology.epoch));
  const after = views.publish(NEXT);
  assert.equal(views.current(), after);
  assert.deepEqual(
    keys.map((key) => before.place(key).label),
    placed,
  );
  for (const key of keys) {
    assert.equal(after.place(key).label, "02");
    assert.equal(after.place({ ...key, id: 999n }), before.place(key), "an older id is where it was");
    assert.deepEqual(new Set(labels(after.ownersOf(key.dialog))), new Set(["02", before.place(key).label]));
    assert.deepEqual(new Set(labels(after.triesOf(key.dialog, 1, "a"))), new Set(["02", before.place(key).label]));
  }
  assert.throws(() => views.publish(FIRST), /epoch 1 does not follow epoch 2/);
  stop();
  views.publish({ ...NEXT, epoch: 3 });
  assert.deepEqual(heard, [2]);
});

test("a topology that names a shard this server does not have changes nothing", () => {
  const views = createViews(FIRST, SHARDS);
  const before = views.current();
  assert.throws(
    () => views.publish({ ...singleSegment({ labels: ["00", "09"], placement: "slots" }), epoch: 2 }),
    /shard 09, which this server does not have/,
  );
  assert.equal(views.current(), before);
});
