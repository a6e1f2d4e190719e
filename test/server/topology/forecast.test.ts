import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Topology } from "../../../server/placement/contract.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import type { Forecast } from "../../../server/protocol/shards.ts";
import { changeTopology, rebalanced, type Change } from "../../../server/topology/changes.ts";
import { forecastChange, type KnownLoad } from "../../../server/topology/forecast.ts";
import { at, changed, fresh, LABELS, newest } from "./changed.ts";

const EMPTY: KnownLoad = { hot: [], stored: [], rowsPerS: 1_000, now: at(999) };

function labels(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i).padStart(2, "0"));
}

function forecast(topology: Topology, change: Change, known: Partial<KnownLoad> = {}, keys?: number): Forecast {
  return forecastChange(topology, changeTopology(topology, change, at(999)), { ...EMPTY, ...known }, keys);
}

/** The shard of a dialog. */
function ownerOf(topology: Topology, dialog: string): string {
  return topology.shards[compileTopology(topology).place({ dialog, id: at(999), author: 1, client: "a" })]!;
}

function near(actual: number, expected: number, within: number): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);
}

test("a shard that joins slots or rendezvous moves at most 1.02 of the ideal share, from 1 to 16 shards", () => {
  for (let count = 1; count <= 16; count++) {
    for (const [placement, keys] of [
      ["slots", 65_536],
      ["rendezvous", 2 ** 18],
    ] as const) {
      const before = singleSegment({ labels: labels(count), placement });
      const { idealShare, movedShare, notes } = forecast(
        before,
        { do: "add", shard: labels(count + 1).at(-1)! },
        {},
        keys,
      );
      near(idealShare, 1 / (count + 1), 1e-12);
      assert.ok(movedShare <= 1.02 * idealShare, `${placement} ${count}: ${movedShare} of ${idealShare}`);
      assert.ok(movedShare >= 0.98 * idealShare, `${placement} ${count}: ${movedShare} of ${idealShare}`);
      assert.ok(!notes.some((note) => note.includes("would do")));
    }
  }
});

test("modulo and jump say what moves beyond the ideal", () => {
  const modulo = forecast(fresh("modulo"), { do: "add", shard: "04" });
  near(modulo.movedShare, 0.8, 0.01);
  near(modulo.idealShare, 0.2, 1e-12);
  assert.match(modulo.notes[0]!, /^(?:79|80)\.\d % of the keys move where 20\.0 % would do: modulo moves more/u);
  const last = forecast(fresh("jump"), { do: "drain", shard: "03" });
  near(last.movedShare, 0.25, 0.01);
  assert.doesNotMatch(last.notes.join(), /would do/u);
  const middle = forecast(fresh("jump"), { do: "drain", shard: "01" });
  assert.ok(middle.movedShare > 0.45);
  assert.match(middle.notes[0]!, /would do: jump moves more/u);
});

test("of ranges the figures are of ids that are spread evenly, and a note says so", () => {
  const ranges = fresh("range:at=100/200/300");
  const joined = forecast(ranges, { do: "add", shard: "04" });
  // Ids 300 to 400 are 101.
  near(joined.maxOverMean.before, 1.01, 1e-3);
  near(joined.maxOverMean.after, (5 / 4) * 1.01, 1e-3);
  assert.equal(joined.movedShare, 0, "an empty range takes nothing");
  assert.ok(joined.notes.includes("range goes by ids: these figures are of ids that are spread evenly up to 400"));
  const moved = forecast(ranges, { do: "placement", placement: "range:at=100/200/350" });
  near(moved.movedShare, 50 / 400, 0.001);
  near(forecast(ranges, { do: "drain", shard: "01" }).maxOverMean.after, 1.5, 0.01);
  const hashed = forecast(ranges, { do: "placement", placement: "slots" });
  near(hashed.movedShare, 3 / 4, 0.01);
  near(hashed.maxOverMean.after, 1, 0.01);
  assert.doesNotMatch(forecast(fresh(), { do: "add", shard: "04" }).notes.join(), /ids/u);
});

test("max/mean counts hot dialogs where they lie, and the rest by weight", () => {
  const hot = [{ dialog: "1_2", share: 0.4 }];
  const stays = forecast(fresh(), { do: "split", dialog: "1_2", parts: 2 }, { hot });
  near(stays.maxOverMean.before, 1 + 0.4 * 3, 0.01);
  near(stays.maxOverMean.after, 1 + 0.4, 0.01);
  assert.deepEqual([stays.movedShare, stays.idealShare], [0, 0]);
  const pinned = forecast(
    fresh(),
    { do: "pin", dialog: "1_2", shard: "02", share: 0.2 },
    { hot: [{ dialog: "1_2", share: 0.2 }] },
  );
  near(pinned.maxOverMean.before, 1 + 0.2 * 3, 0.01);
  near(pinned.maxOverMean.after, 1, 0.01);
  const full = forecast(fresh(), { do: "pin", dialog: "1_2", shard: "02", share: 0.4 }, { hot });
  near(full.maxOverMean.after, 4 * 0.4, 0.01);
  const drained = forecast(fresh(), { do: "drain", shard: "03" });
  near(drained.maxOverMean.after, 1, 0.01);
  const one = forecast(fresh("ring:virtualNodes=1"), { do: "placement", placement: "slots" });
  assert.ok(one.maxOverMean.before > 1.2);
  assert.equal(one.idealShare, 0);
});

test("rows, bytes and seconds are those that a rebalance moves", () => {
  const stored = LABELS.map((shard) => ({ shard, rows: 1_000, bytes: 50_000 }));
  const added = forecast(fresh(), { do: "add", shard: "04" }, { stored });
  near(added.rows, 800, 20);
  near(added.bytes, 40_000, 1_000);
  assert.equal(added.seconds, added.rows / 1_000);
  const drained = forecast(fresh(), { do: "drain", shard: "03" }, { stored });
  near(drained.rows, 1_000, 30);
  const hot = [{ dialog: "1_2", share: 0.4 }];
  const owner = ownerOf(fresh(), "1_2");
  const split = forecast(fresh(), { do: "split", dialog: "1_2", parts: 4 }, { stored, hot });
  // The shard's own rows are 0.4 of the dialog to 0.15 of others, and a quarter of the dialog's stay.
  near(split.rows, 1_000 * (0.4 / 0.55) * 0.75, 10);
  const one = LABELS.map((shard) => ({ shard, rows: shard === owner ? null : 10, bytes: null }));
  const unknown = forecast(fresh(), { do: "split", dialog: "1_2", parts: 4 }, { stored: one, hot });
  assert.deepEqual([unknown.rows, unknown.bytes, unknown.seconds], [0, 0, 0]);
  assert.deepEqual(unknown.notes, [`what shard ${owner} holds is not known, and not counted`]);
});

test("of a rebalance alone: what the oldest closed segment left elsewhere", () => {
  const stored = [...LABELS, "04"].map((shard) => ({ shard, rows: shard === "04" ? 0 : 1_000, bytes: 0 }));
  const waiting = changed(fresh(), { do: "add", shard: "04" }, { do: "split", dialog: "1_2", parts: 2 });
  const { idealShare, movedShare, rows } = forecastChange(waiting, waiting, { ...EMPTY, stored });
  near(movedShare, 0.2, 0.005);
  near(idealShare, 0.2, 1e-12);
  near(rows, 800, 20);
  const done = rebalanced(waiting, newest(waiting).from);
  assert.equal(forecastChange(done, done, { ...EMPTY, stored }).rows, 0);
});

test("without messages a note says of what max/mean is", () => {
  assert.deepEqual(forecast(fresh(), { do: "add", shard: "04" }).notes, [
    "no messages in the last minute: max/mean is of the keys alone",
  ]);
});

test("whatever the shares of hot dialogs, max/mean is what the placement gives them", () => {
  const anyHot = fc.uniqueArray(
    fc.record({
      dialog: fc.integer({ min: 2, max: 50 }).map((n) => `1_${n}`),
      share: fc.integer({ min: 1, max: 20 }).map((n) => n / 100),
    }),
    { selector: ({ dialog }) => dialog, maxLength: 5 },
  );
  fc.assert(
    fc.property(anyHot, fc.constantFrom("slots", "ring", "rendezvous", "time-bucket"), (hot, placement) => {
      const before = fresh(placement);
      const { maxOverMean } = forecast(before, { do: "add", shard: "04" }, { hot }, 4_096);
      const rest = 1 - hot.reduce((sum, { share }) => sum + share, 0);
      const onShards = new Map(LABELS.map((label) => [label, rest / 4]));
      for (const { dialog, share } of hot) {
        const owner = ownerOf(before, dialog);
        onShards.set(owner, onShards.get(owner)! + share);
      }
      const uneven = placement === "ring" ? 0.5 : 0.1;
      near(maxOverMean.before, Math.max(...onShards.values()) * 4, uneven);
    }),
    { numRuns: 40, seed: 5 },
  );
});
