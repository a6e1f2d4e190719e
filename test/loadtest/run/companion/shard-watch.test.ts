import assert from "node:assert/strict";
import { test } from "node:test";
import { watchShards } from "../../../../loadtest/run/companion/shard-watch.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import type { OutShard } from "../../../../server/protocol/http.ts";

const first = singleSegment({ labels: ["00", "01"], placement: "slots" });
const epoch = (number: number) => ({ ...first, epoch: number });
const out = (label: string, phase: OutShard["phase"]): OutShard => ({ label, phase, since: 0, reason: "" });

test("what becomes of a lost shard is taken down once for each step", () => {
  const watch = watchShards({ topology: epoch(1) });
  watch.see({ topology: epoch(1), out: [] }, 100);
  for (const now of [200, 300]) watch.see({ topology: epoch(2), out: [out("01", "lost")] }, now);
  watch.add({ atMs: 350, kind: "back", shard: "01" });
  watch.see({ topology: epoch(3), out: [out("01", "returning")] }, 400);
  watch.see({ topology: epoch(3), out: [] }, 500);
  assert.deepEqual(watch.changes, [
    { atMs: 200, kind: "take-out", shard: "01", epoch: 2 },
    { atMs: 350, kind: "back", shard: "01" },
    { atMs: 400, kind: "put-back", shard: "01", epoch: 3 },
    { atMs: 500, kind: "shown", shard: "01" },
  ]);
  assert.deepEqual(
    watch.topologies.map(({ topology, atMs }) => [topology.epoch, atMs]),
    [
      [1, 0],
      [2, 200],
      [3, 400],
    ],
  );
});

test("a step that came and went between two looks is taken down all the same", () => {
  const watch = watchShards({ topology: epoch(1) });
  watch.see({ topology: epoch(2), out: [out("01", "lost")] }, 200);
  watch.see({ topology: epoch(3), out: [] }, 400);
  assert.deepEqual(
    watch.changes.map(({ kind }) => kind),
    ["take-out", "put-back", "shown"],
  );
});
