import assert from "node:assert/strict";
import { test } from "node:test";
import type { Topology } from "../../../server/placement/contract.ts";
import { rebalanced, type Change } from "../../../server/topology/changes.ts";
import { describeChange } from "../../../server/topology/describe-change.ts";
import type { Out } from "../../../server/topology/state.ts";
import { changed, fresh, newest } from "./changed.ts";

const out = (label: string, phase: Out["phase"] = "lost"): Out => ({
  label,
  phase,
  from: "7",
  since: 0,
  reason: "it did not answer for 2.0 s",
});

function said(before: Topology, after: Topology, outBefore: Out[] = [], outAfter: Out[] = []): string[] {
  const described = describeChange({ topology: before, out: outBefore }, { topology: after, out: outAfter });
  return described.map(({ kind, shard, words }) => `${kind} ${shard ?? "-"}: ${words}`);
}

const split = changed(fresh(), { do: "split", dialog: "1_2", parts: 3 });
const pinned = changed(fresh(), { do: "pin", dialog: "1_2", shard: "01" });
const drained = changed(fresh(), { do: "drain", shard: "01" });
const rests = rebalanced(drained, newest(drained).from);

test("each change is one sentence of its kind", () => {
  const table: [Topology, Change, string][] = [
    [fresh(), { do: "add", shard: "04" }, "add 04: shard 04 added"],
    [fresh(), { do: "drain", shard: "01" }, "drain 01: shard 01 drained"],
    [drained, { do: "put-back", shard: "01" }, "put_back 01: shard 01 is back"],
    [rests, { do: "remove", shard: "01" }, "remove 01: shard 01 removed"],
    [fresh(), { do: "pin", dialog: "1_2", shard: "01" }, "pin -: pinned 1_2 to shard 01"],
    // Its weight changes too.
    [fresh(), { do: "pin", dialog: "1_2", shard: "01", share: 0.2 }, "pin -: pinned 1_2 to shard 01"],
    [fresh(), { do: "split", dialog: "1_2", parts: 3 }, "split -: split 1_2 over 3 shards"],
    [pinned, { do: "split", dialog: "1_2", parts: 2 }, "split -: split 1_2 over 2 shards"],
    [split, { do: "split", dialog: "1_2", parts: 4 }, "split -: split 1_2 over 4 shards"],
    [split, { do: "merge", dialog: "1_2" }, "merge -: merged 1_2"],
    [fresh(), { do: "placement", placement: "ring" }, "placement -: placement ring"],
    [
      fresh("ring"),
      { do: "placement", placement: "ring:virtualNodes=9" },
      "placement -: placement ring:virtualNodes=9",
    ],
  ];
  for (const [before, change, words] of table) assert.deepEqual(said(before, changed(before, change)), [words]);
});

test("what follows from a shard's leaving is said with it, and is no change of its own", () => {
  const without = (before: Topology, shard: string) => said(before, changed(before, { do: "drain", shard }));
  assert.deepEqual(without(pinned, "01"), ["drain 01: shard 01 drained, 1_2 is pinned no more"]);
  const four = changed(fresh(), { do: "split", dialog: "1_2", parts: 4 });
  assert.deepEqual(without(four, "02"), ["drain 02: shard 02 drained, 1_2 is split over 3"]);
  const two = changed(fresh(), { do: "split", dialog: "1_2", parts: 2 });
  const part = newest(two).overrides.flatMap((one) => (one.action === "split" ? one.shards : []))[0]!;
  assert.deepEqual(without(two, part), [`drain ${part}: shard ${part} drained`], "another shard takes the part");
  const ranged = fresh("range:at=100/200/300");
  assert.deepEqual(said(ranged, changed(ranged, { do: "add", shard: "04" })), ["add 04: shard 04 added"]);
});

test("a shard that is lost, comes back, and is shown again", () => {
  const lost = changed(pinned, { do: "take-out", shard: "01" });
  assert.deepEqual(said(pinned, lost, [], [out("01")]), [
    "take_out 01: shard 01 taken out (it did not answer for 2.0 s), 1_2 is pinned no more",
  ]);
  const back = changed(lost, { do: "put-back", shard: "01" });
  assert.deepEqual(said(lost, back, [out("01")], [out("01", "returning")]), [
    "put_back 01: shard 01 is back, and its history is compared with the others",
  ]);
  assert.deepEqual(said(back, back, [out("01", "returning")], []), ["null 01: the history of shard 01 is shown again"]);
  assert.deepEqual(said(lost, back, [out("01")], []), ["put_back 01: shard 01 is back"], "both at once");
  const again = changed(back, { do: "take-out", shard: "01" });
  const both = [out("01", "returning"), { ...out("01"), from: "9" }];
  assert.match(said(back, again, both.slice(0, 1), both)[0]!, /^take_out 01/, "lost again meanwhile");
});

test("a rebalance, with changes since; several changes that were followed at once; and none", () => {
  const one = changed(fresh(), { do: "drain", shard: "01" });
  const words = "rebalance -: rebalanced: older messages are where";
  assert.deepEqual(said(one, rebalanced(one, newest(one).from)), [`${words} the newest segment puts them`]);
  const two = changed(one, { do: "placement", placement: "ring" });
  assert.deepEqual(said(two, rebalanced(two, newest(one).from)), [
    `${words} a later segment puts them; 1 more closed since`,
  ]);
  const many = changed(fresh(), { do: "add", shard: "04" }, { do: "split", dialog: "1_2", parts: 3 });
  assert.deepEqual(said(fresh(), many), ["add 04: shard 04 added", "split -: split 1_2 over 3 shards"]);
  assert.deepEqual(said(many, many), []);
});
