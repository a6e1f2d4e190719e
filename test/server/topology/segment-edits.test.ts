import assert from "node:assert/strict";
import { test } from "node:test";
import { splitShards } from "../../../server/placement/overrides.ts";
import { singleSegment, validateTopology } from "../../../server/placement/topology.ts";
import { writableShards } from "../../../server/topology/segment-edits.ts";
import { changed, fresh, LABELS, newest, overridden, refused, weights } from "./changed.ts";

test("a pin takes weight from its shard, and gives it back exactly when it goes", () => {
  const pinned = changed(fresh(), { do: "pin", dialog: "1_2", shard: "02", share: 0.1 });
  assert.equal(weights(pinned), "00:1 01:1 02:0.6 03:1");
  assert.equal(weights(changed(pinned, { do: "merge", dialog: "1_2" })), "00:1 01:1 02:1 03:1");
  assert.equal(weights(changed(pinned, { do: "split", dialog: "1_2", parts: 2 })), "00:1 01:1 02:1 03:1");
  const moved = changed(pinned, { do: "pin", dialog: "1_2", shard: "00", share: 0.05 });
  assert.equal(weights(moved), "00:0.8 01:1 02:1 03:1");
  const two = changed(pinned, { do: "pin", dialog: "3_4", shard: "02", share: 0.3 });
  assert.equal(weights(two), "00:1 01:1 03:1", "all of it is taken");
  assert.deepEqual(writableShards(newest(two)), LABELS);
  assert.equal(weights(changed(two, { do: "merge", dialog: "1_2" })), "00:1 01:1 02:0.4 03:1");
  const small = [0.02, 0.05, 0.03].map((share, i) => ({
    do: "pin" as const,
    dialog: `1_${i + 2}`,
    shard: "02",
    share,
  }));
  const none = changed(fresh(), ...small, ...small.map(({ dialog }) => ({ do: "merge" as const, dialog })));
  assert.equal(
    weights(none),
    "00:1 01:1 02:1 03:1",
    "1 − 0.08 − 0.2 − 0.12 + 0.08 + 0.2 + 0.12 is not 1 to a computer",
  );
  const both = changed(two, { do: "merge", dialog: "1_2" }, { do: "merge", dialog: "3_4" });
  assert.equal(weights(both), "00:1 01:1 02:1 03:1");
});

test("a shard that only a pin named is a shard that takes writes, and none is left out when the pin goes", () => {
  const full = changed(fresh(), { do: "pin", dialog: "1_2", shard: "02", share: 0.5 });
  assert.equal(weights(full), "00:1 01:1 03:1");
  refused(full, { do: "put-back", shard: "02" }, "NOTHING_TO_DO", /02/u);
  assert.equal(weights(changed(full, { do: "add", shard: "04" })), "00:1 01:1 03:1 04:1");
  const drained = changed(full, { do: "drain", shard: "02" });
  assert.deepEqual([weights(drained), newest(drained).overrides], ["00:1 01:1 03:1", []]);
  const fileMade = validateTopology({
    epoch: 1,
    shards: ["00", "01"],
    segments: [
      {
        from: "0",
        placement: "slots",
        shards: [{ label: "00", weight: 3 }],
        overrides: [{ dialog: "1_2", action: "pin", shard: "01" }],
      },
    ],
  });
  assert.equal(weights(changed(fileMade, { do: "merge", dialog: "1_2" })), "00:3 01:3");
  assert.equal(weights(changed(fileMade, { do: "drain", shard: "00" })), "01:1");
});

test("a pin on the only shard of the placement leaves it the rest", () => {
  const two = singleSegment({ labels: ["00", "01"], placement: "slots" });
  const one = changed(two, { do: "pin", dialog: "1_2", shard: "00", share: 0.6 });
  assert.equal(weights(one), "01:1");
  assert.equal(weights(changed(one, { do: "pin", dialog: "3_4", shard: "01", share: 0.4 })), "01:1");
});

test("a shard that joins is as heavy as the usual one", () => {
  const heavy = singleSegment({
    labels: ["00", "01", "02"],
    placement: "slots",
    weights: [
      { label: "00", weight: 1 },
      { label: "01", weight: 4 },
      { label: "02", weight: 4 },
    ],
  });
  assert.equal(weights(changed(heavy, { do: "add", shard: "03" })), "00:1 01:4 02:4 03:4");
});

test("of a split only the part on the leaving shard moves, to the next shard of the dialog's order", () => {
  const order = splitShards("1_2", LABELS, 4);
  const [first, second, third, fourth] = order as [string, string, string, string];
  const splitUp = changed(fresh(), { do: "split", dialog: "1_2", parts: 3 });
  assert.deepEqual(overridden(splitUp), [[first, second, third]]);
  const drained = changed(splitUp, { do: "drain", shard: second });
  assert.deepEqual(overridden(drained), [[first, fourth, third]]);
  const fewer = changed(drained, { do: "drain", shard: first });
  assert.deepEqual(overridden(fewer), [[fourth, third]], "with no shard left for it the split has a part less");
  assert.deepEqual(overridden(changed(fewer, { do: "drain", shard: fourth })), [], "one part is no split");
  assert.deepEqual(overridden(changed(drained, { do: "put-back", shard: second })), [[first, fourth, third]]);
});

test("a split takes the shards last that a pin has filled", () => {
  const [first, second] = splitShards("1_2", LABELS, 4) as [string, string];
  const full = changed(fresh(), { do: "pin", dialog: "3_4", shard: first, share: 0.5 });
  const splitOver = (parts: number) => overridden(changed(full, { do: "split", dialog: "1_2", parts })).at(-1)!;
  assert.equal(splitOver(3)[0], second);
  assert.equal(splitOver(4).at(-1), first);
});

test("a placement without weights gets equal ones, and pins without relief", () => {
  const pinned = changed(fresh(), { do: "pin", dialog: "1_2", shard: "02", share: 0.5 });
  const jump = changed(pinned, { do: "placement", placement: "jump" });
  assert.equal(weights(jump), "00:1 01:1 02:1 03:1");
  assert.deepEqual(newest(jump).overrides, [{ dialog: "1_2", action: "pin", shard: "02" }]);
  assert.equal(weights(changed(jump, { do: "pin", dialog: "3_4", shard: "01", share: 0.1 })), "00:1 01:1 02:1 03:1");
});
