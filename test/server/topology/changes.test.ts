import assert from "node:assert/strict";
import { test } from "node:test";
import type { Override, Segment, Topology } from "../../../server/placement/contract.ts";
import { splitShards } from "../../../server/placement/overrides.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import { changeTopology, MOST_CLOSED, MOST_SHARDS, rebalanced, type Change } from "../../../server/topology/changes.ts";
import { writableShards } from "../../../server/topology/segment-edits.ts";
import { at, changed, fresh, LABELS, newest, refused, weights } from "./changed.ts";

test("each change appends a segment that says just that", () => {
  const rest: readonly [Change, string, Override[]][] = [
    [{ do: "add", shard: "04" }, "00:1 01:1 02:1 03:1 04:1", []],
    [{ do: "drain", shard: "01" }, "00:1 02:1 03:1", []],
    [{ do: "take-out", shard: "01" }, "00:1 02:1 03:1", []],
    [{ do: "pin", dialog: "1_2", shard: "02" }, "00:1 01:1 02:1 03:1", [{ dialog: "1_2", action: "pin", shard: "02" }]],
    [
      { do: "split", dialog: "1_2", parts: 3 },
      "00:1 01:1 02:1 03:1",
      [{ dialog: "1_2", action: "split", shards: splitShards("1_2", LABELS, 3) }],
    ],
  ];
  for (const [change, shards, overrides] of rest) {
    const before = fresh();
    const after = changeTopology(before, change, at(7));
    assert.equal(after.epoch, 2);
    assert.deepEqual(after.segments.slice(0, -1), before.segments);
    assert.deepEqual([newest(after).from, newest(after).placement], [String(at(7)), "slots"]);
    assert.equal(weights(after), shards);
    assert.deepEqual(newest(after).overrides, overrides);
  }
  assert.equal(
    newest(changed(fresh(), { do: "placement", placement: "ring:virtualNodes=20" })).placement.slice(0, 4),
    "ring",
  );
});

test("a shard that was drained stays listed, and leaves when no segment names it", () => {
  const drained = changed(fresh(), { do: "drain", shard: "01" });
  assert.deepEqual(drained.shards, LABELS);
  refused(fresh(), { do: "remove", shard: "01" }, "OWNS_ROWS", /takes writes: drain it/u);
  refused(drained, { do: "remove", shard: "01" }, "OWNS_ROWS", /older messages .* rebalance, then remove/u);
  const empty = rebalanced(drained, newest(drained).from);
  const removed = changeTopology(empty, { do: "remove", shard: "01" }, at(9));
  assert.deepEqual([removed.epoch, removed.shards, removed.segments], [4, ["00", "02", "03"], empty.segments]);
});

test("a change that cannot be is refused with a code and a sentence, and nothing changes", () => {
  const drained = changed(fresh(), { do: "drain", shard: "01" });
  const alone = singleSegment({ labels: ["00"], placement: "slots" });
  const pinned = changed(fresh(), { do: "pin", dialog: "1_2", shard: "02" });
  const splitUp = changed(fresh(), { do: "split", dialog: "1_2", parts: 4 });
  const most = Array.from({ length: MOST_SHARDS }, (_, i) => String(i).padStart(2, "0"));
  const rows: [Topology, Change, string, RegExp][] = [
    [fresh(), { do: "add", shard: "02" }, "SHARD_EXISTS", /02 is in already$/u],
    [drained, { do: "add", shard: "01" }, "SHARD_EXISTS", /takes no writes: put it back/u],
    [fresh(), { do: "add", shard: "x" }, "BAD_TOPOLOGY", /"x" is not two or more digits/u],
    [singleSegment({ labels: most, placement: "slots" }), { do: "add", shard: "64" }, "TOO_MANY_SHARDS", /64 shards/u],
    [fresh(), { do: "drain", shard: "09" }, "NO_SHARD", /no shard "09": there are 00, 01, 02, 03/u],
    [fresh(), { do: "remove", shard: "09" }, "NO_SHARD", /"09"/u],
    [fresh(), { do: "put-back", shard: "09" }, "NO_SHARD", /"09"/u],
    [fresh(), { do: "take-out", shard: "09" }, "NO_SHARD", /"09"/u],
    [fresh(), { do: "pin", dialog: "1_2", shard: "09" }, "NO_SHARD", /"09"/u],
    [drained, { do: "drain", shard: "01" }, "NOTHING_TO_DO", /01 takes no writes already/u],
    [drained, { do: "take-out", shard: "01" }, "NOTHING_TO_DO", /01/u],
    [fresh(), { do: "put-back", shard: "01" }, "NOTHING_TO_DO", /01 takes writes already/u],
    [alone, { do: "drain", shard: "00" }, "LAST_SHARD", /add another one first/u],
    [alone, { do: "take-out", shard: "00" }, "LAST_SHARD", /00/u],
    [
      drained,
      { do: "pin", dialog: "1_2", shard: "01" },
      "NOT_WRITABLE",
      /01 takes no writes: pin to one of 00, 02, 03/u,
    ],
    [pinned, { do: "pin", dialog: "1_2", shard: "02" }, "NOTHING_TO_DO", /already/u],
    [fresh(), { do: "pin", dialog: "1_2", shard: "02", share: 2 }, "BAD_SHARE", /0 to 1, not 2/u],
    [fresh(), { do: "pin", dialog: "1_2", shard: "02", share: Number.NaN }, "BAD_SHARE", /NaN/u],
    [drained, { do: "split", dialog: "1_2", parts: 4 }, "TOO_MANY_PARTS", /4 parts .* 3 take writes/u],
    [fresh(), { do: "split", dialog: "1_2", parts: 1 }, "BAD_PARTS", /2 or more parts, not 1/u],
    [fresh(), { do: "split", dialog: "1_2", parts: 2.5 }, "BAD_PARTS", /2\.5/u],
    [splitUp, { do: "split", dialog: "1_2", parts: 4 }, "NOTHING_TO_DO", /already/u],
    [fresh(), { do: "merge", dialog: "1_2" }, "NO_OVERRIDE", /1_2 is neither pinned nor split/u],
    [fresh(), { do: "placement", placement: "slots" }, "NOTHING_TO_DO", /already/u],
    [fresh(), { do: "placement", placement: "rign" }, "BAD_PLACEMENT", /no placement "rign"/u],
    [fresh(), { do: "placement", placement: "ring:virtualNodes=0" }, "BAD_PLACEMENT", /virtualNodes is an integer/u],
  ];
  for (const [topology, change, code, words] of rows) refused(topology, change, code, words);
  for (const dialog of ["", "2_1", "1", "g_0", "1_2 "]) {
    refused(fresh(), { do: "pin", dialog, shard: "01" }, "BAD_DIALOG", /not a dialog id/u);
    refused(fresh(), { do: "split", dialog, parts: 2 }, "BAD_DIALOG", /not a dialog id/u);
    refused(fresh(), { do: "merge", dialog }, "BAD_DIALOG", /not a dialog id/u);
  }
  for (const boundary of [0n, at(1)]) {
    const begun = changed(fresh(), { do: "drain", shard: "01" });
    assert.throws(() => changeTopology(begun, { do: "drain", shard: "02" }, boundary), { code: "BAD_BOUNDARY" });
  }
});

test("a ninth closed segment waits for a rebalance", () => {
  let topology = fresh();
  for (let i = 0; i < MOST_CLOSED; i++) {
    topology = changed(
      topology,
      i % 2 === 0 ? { do: "split", dialog: "1_2", parts: 2 } : { do: "merge", dialog: "1_2" },
    );
  }
  assert.equal(topology.segments.length, MOST_CLOSED + 1);
  refused(topology, { do: "drain", shard: "01" }, "TOO_MANY_SEGMENTS", /8 closed segments wait .* rebalance first/u);
  const free = rebalanced(topology, newest(topology).from);
  assert.equal(changed(free, { do: "drain", shard: "01" }).segments.length, 2);
});

test("a shard that comes and goes ends inside, however many closed segments there were: a rebalance needs it", () => {
  for (let before = 0; before < MOST_CLOSED; before++) {
    let topology = fresh();
    for (let i = 0; i < before; i++) {
      topology = changed(
        topology,
        i % 2 === 0 ? { do: "split", dialog: "1_2", parts: 2 } : { do: "merge", dialog: "1_2" },
      );
    }
    while (topology.segments.length - 1 < MOST_CLOSED) {
      topology = changed(topology, { do: "take-out", shard: "01" }, { do: "put-back", shard: "01" });
    }
    refused(topology, { do: "take-out", shard: "01" }, "TOO_MANY_SEGMENTS", /rebalance first/u);
    assert.ok(topology.segments.length - 1 <= MOST_CLOSED + 1);
    assert.ok(writableShards(newest(topology)).includes("01"));
  }
});

test("the last shard leaves and joins jump with its own keys alone", () => {
  const jump = fresh("jump");
  const back = changed(jump, { do: "take-out", shard: "01" }, { do: "put-back", shard: "01" });
  assert.deepEqual(newest(back).shards, newest(jump).shards, "in the order of the labels, as it was");
});

test("ranges go with the shards: what leaves falls to the neighbour, what joins is empty, and others keep theirs", () => {
  const ranges = fresh("range:at=100/200/300");
  for (const [changes, placement] of [
    [["take-out 00"], "range:at=200/300"],
    [["drain 01"], "range:at=200/300"],
    [["take-out 02"], "range:at=100/300"],
    [["take-out 03"], "range:at=100/200"],
    [["take-out 01", "put-back 01"], "range:at=200/200/300"],
    [["take-out 00", "put-back 00"], "range:at=1/200/300"],
    [["take-out 03", "put-back 03"], "range:at=100/200/9007199254740991"],
    [["add 04"], "range:at=100/200/300/9007199254740991"],
    [["add 04", "add 05"], "range:at=100/200/300/9007199254740991/9007199254740991"],
    [["take-out 00", "take-out 01", "take-out 02"], "range"],
  ] as const) {
    const steps = changes.map((text) => text.split(" ") as ["add" | "drain" | "take-out" | "put-back", string]);
    const topology = changed(ranges, ...steps.map(([what, shard]): Change => ({ do: what, shard })));
    assert.equal(newest(topology).placement, placement, changes.join());
  }
  const grown = changed(ranges, { do: "add", shard: "04" }, { do: "placement", placement: "range:at=100/200/300/400" });
  assert.equal(newest(grown).placement, "range:at=100/200/300/400");
  refused(
    ranges,
    { do: "placement", placement: "range:at=100/200" },
    "BAD_PLACEMENT",
    /over 4 shards needs 3 boundaries/u,
  );
  const router = compileTopology({
    epoch: 1,
    shards: LABELS,
    segments: [{ ...newest(ranges), placement: "range:at=200/200/300" }],
  });
  assert.deepEqual(
    ["199_900", "200_900", "300_900"].map((dialog) => router.shardsOf(dialog)[0]),
    [0, 2, 3],
  );
});

test("a rebalance makes one segment of the closed ones and leaves ids above them where they are", () => {
  const topology = changed(fresh(), { do: "add", shard: "04" }, { do: "split", dialog: "1_2", parts: 2 });
  const [, second, third] = topology.segments as [Segment, Segment, Segment];
  const all = rebalanced(topology, third.from);
  assert.deepEqual([all.epoch, all.segments], [4, [{ ...third, from: "0" }]]);
  const part = rebalanced(topology, second.from);
  assert.deepEqual([part.epoch, part.segments], [4, [{ ...second, from: "0" }, third]]);
  assert.throws(() => rebalanced(topology, "5"), { code: "NO_SEGMENT" });
  assert.throws(() => rebalanced(topology, "0"), { code: "NOTHING_TO_DO" });
});
