import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ConfigError } from "../../../server/config-error.ts";
import type { RowKey, Topology } from "../../../server/placement/contract.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { validateTopology } from "../../../server/placement/topology.ts";
import { changeTopology, MOST_CLOSED, rebalanced, type Change } from "../../../server/topology/changes.ts";
import { at, changed, fresh, LABELS, newest, weights } from "./changed.ts";

export const PLACEMENTS = ["slots", "rendezvous", "jump", "ring", "time-bucket", "modulo", "range:at=3/5/7"];
const anyLabel = fc.constantFrom(...LABELS, "04", "05");
const anyDialog = fc.constantFrom("1_2", "3_4", "g_5");
const anyShare = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  ...(["add", "drain", "remove", "take-out", "put-back"] as const).map((name) =>
    fc.record({ do: fc.constant(name), shard: anyLabel }),
  ),
  fc
    .record({ do: fc.constant("pin" as const), dialog: anyDialog, shard: anyLabel, share: anyShare })
    .map(({ share, ...rest }) => (share === undefined ? rest : { ...rest, share })),
  fc.record({ do: fc.constant("split" as const), dialog: anyDialog, parts: fc.integer({ min: 2, max: 6 }) }),
  fc.record({ do: fc.constant("merge" as const), dialog: anyDialog }),
  fc.record({
    do: fc.constant("placement" as const),
    placement: fc.constantFrom("slots", "jump", "rendezvous", "ring", "range:at=2/4/8"),
  }),
);
const anyRow: fc.Arbitrary<RowKey> = fc.record({
  dialog: fc.constantFrom("1_2", "3_4", "g_5", "6_7", "8_9"),
  id: fc.bigInt({ min: 0n, max: at(40) }),
  author: fc.maxSafeInteger(),
  client: fc.string(),
});

test("whatever is asked: ids below the boundary keep their owners, and every id has one that is listed", () => {
  let changes = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...PLACEMENTS),
      fc.array(fc.option(anyChange, { nil: "rebalance" as const }), { minLength: 10, maxLength: 30 }),
      fc.array(anyRow, { minLength: 10, maxLength: 10 }),
      (placement, steps, rows) => {
        let topology = fresh(placement);
        for (const [i, step] of steps.entries()) {
          const boundary = at(i + 1);
          let next: Topology;
          try {
            next =
              step === "rebalance"
                ? rebalanced(topology, newest(topology).from)
                : changeTopology(topology, step, boundary);
          } catch (error) {
            assert.ok(error instanceof ConfigError && error.code !== "BAD_BOUNDARY", String(error));
            assert.ok(error.code !== "BAD_TOPOLOGY", error.message);
            continue;
          }
          changes += 1;
          assert.deepEqual(validateTopology(structuredClone(next)), next);
          assert.equal(next.epoch, topology.epoch + 1);
          assert.ok(next.segments.length - 1 <= MOST_CLOSED);
          assert.ok(newest(next).shards.length > 0);
          const [before, after] = [compileTopology(topology), compileTopology(next)];
          const kept = step === "rebalance" ? BigInt(newest(topology).from) : 0n;
          for (const row of rows) {
            const owner = after.labels[after.place(row)];
            assert.ok(owner !== undefined && next.shards.includes(owner));
            assert.ok(after.shardsOf(row.dialog).includes(after.place(row)));
            const isSame = row.id >= kept && (step === "rebalance" || row.id < boundary);
            if (isSame) assert.equal(owner, before.labels[before.place(row)]);
          }
          if (step !== "rebalance")
            assert.deepEqual(next.segments.slice(0, topology.segments.length), topology.segments);
          topology = next;
        }
      },
    ),
    { numRuns: 200, seed: 12 },
  );
  assert.ok(changes > 500, `${changes} changes were made`);
});

test("weights are what they were when every pin has gone", () => {
  const anyPin = fc.record({
    do: fc.constant("pin" as const),
    dialog: anyDialog,
    shard: fc.constantFrom(...LABELS),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(anyPin, { maxLength: 5 }), (pins) => {
      let topology = fresh();
      for (const change of [...pins, ...["1_2", "3_4", "g_5"].map((dialog): Change => ({ do: "merge", dialog }))]) {
        try {
          topology = changed(topology, change);
        } catch (error) {
          assert.ok(
            error instanceof ConfigError && ["NOTHING_TO_DO", "NO_OVERRIDE"].includes(error.code),
            String(error),
          );
        }
      }
      assert.equal(weights(topology), "00:1 01:1 02:1 03:1");
    }),
    { numRuns: 300, seed: 3 },
  );
});
