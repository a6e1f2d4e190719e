import assert from "node:assert/strict";
import { test } from "node:test";
import { movedKeys } from "../../../../loadtest/analysis/changes/moved-keys.ts";
import { asSeen, type SeenChanges } from "../../../../loadtest/analysis/result/seen-changes.ts";
import { stallsOf } from "../../../../loadtest/analysis/changes/stalls.ts";
import { composeId, ID_EPOCH_MS } from "../../../../server/placement/message-id.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import type { Topology } from "../../../../server/placement/contract.ts";
import { labelsOf, topologyOf } from "../../../support/placed-run.ts";

const idAt = (ms: number): string => composeId(ms, 0, 0).toString();
const NOW = ID_EPOCH_MS + 1e9;

test("a boundary lies ahead of the clock; what was due meanwhile is placed by what the run saw", () => {
  const before = topologyOf({ fromS: 0, labels: labelsOf(2) }, { fromS: 5, labels: labelsOf(3) });
  const [first, second] = before.segments;
  const grown = (boundary: string): Topology => ({
    ...before,
    epoch: before.epoch + 1,
    segments: [first!, second!, { ...second!, from: boundary }],
  });
  const after = grown(idAt(NOW + 9_000));
  const seen: SeenChanges = {
    changes: [],
    topologies: [
      { topology: before, atMs: 0 },
      { topology: after, atMs: NOW + 1_000.5 },
    ],
    verification: null,
  };
  assert.deepEqual(
    asSeen(after, seen).segments.map(({ from }) => from),
    [first!.from, second!.from, idAt(NOW + 1_000)],
    "those before the run stay",
  );
  assert.deepEqual(asSeen(after, undefined), after);
  // Two changes between two looks: their order stays.
  const twice = { ...after, segments: [...after.segments, { ...second!, from: idAt(NOW + 9_500) }] };
  const looked = { ...seen, topologies: [seen.topologies[0]!, { topology: twice, atMs: NOW + 1_000 }] };
  const froms = asSeen(twice, looked).segments.map(({ from }) => BigInt(from));
  assert.equal(froms[3], froms[2]! + 1n);
});

test("keys moved by one shard more, and by one less, against the least that must", () => {
  const dialogs = Array.from({ length: 5_000 }, (_, i) => `${i + 1}_${i + 10_000}`);
  const [four, five] = [4, 5].map((count) => singleSegment({ labels: labelsOf(count), placement: "rendezvous" }));
  for (const [from, to] of [
    [four!, five!],
    [five!, four!],
  ] as const) {
    const { ideal, moved } = movedKeys(from, to, dialogs);
    assert.ok(Math.abs(ideal - 0.2) < 1e-9, `${ideal}`);
    assert.ok(Math.abs(moved - 0.2) < 0.02, `${moved}`);
  }
  const modulo = singleSegment({ labels: labelsOf(5), placement: "modulo" });
  const others = movedKeys(singleSegment({ labels: labelsOf(4), placement: "modulo" }), modulo, dialogs);
  assert.ok(others.moved > 0.75 && Math.abs(others.ideal - 0.2) < 1e-9, "what modulo costs");
  assert.deepEqual(movedKeys(five!, five!, dialogs), { moved: 0, ideal: 0 });
});

test("a dialog waits as long as the longest of its two authors' messages", () => {
  assert.equal(stallsOf([]), null);
  const stalls = [
    [1, 2, 10],
    [2, 1, 40],
    [1, 3, 20],
    [5, 4, 30],
  ] as const;
  assert.deepEqual(stallsOf(stalls), { dialogs: 3, p50: 30, p99: 39.8, max: 40 });
});
