import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compileLayouts, hashKeys, shardsOf } from "../../../loadtest/analysis/skew/place-keys.ts";
import { createInputFaults } from "../../../loadtest/whatif/input/input-faults.ts";
import { createKeyTable } from "../../../loadtest/whatif/key-table.ts";
import { placeOnThreads } from "../../../loadtest/whatif/place-threads.ts";
import type { RowBatch } from "../../../loadtest/whatif/input/row-batch.ts";
import { tally, type Tally } from "../../../loadtest/whatif/tally.ts";
import { createTopKeys } from "../../../loadtest/whatif/top-keys.ts";
import type { KeyWindow } from "../../../loadtest/whatif/windows.ts";

type Row = readonly [key: string, count: number, minute?: number];

async function tallied(rows: readonly Row[]): Promise<{ tally: Tally; windows: KeyWindow[]; late: number }> {
  const windows: KeyWindow[] = [];
  const faults = createInputFaults("in");
  async function* batches(): AsyncGenerator<RowBatch> {
    yield {
      keys: rows.map(([key]) => Buffer.from(key, "utf8").toString("latin1")),
      counts: rows.map(([, count]) => count),
      times: rows.flatMap(([, , minute]) => (minute === undefined ? [] : [minute * 60_000 + 1])),
      lines: rows.map((_, i) => i + 1),
    };
  }
  const result = await tally(batches(), faults, (window) => windows.push(window));
  return { tally: result, windows, late: faults.list()[0]?.lines ?? 0 };
}

const anyRows = fc.array(
  fc.tuple(fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 9 })),
);

test("messages per key are those of a map, whatever the keys", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, async (rows) => {
      const counts = new Map<string, number>();
      // Lone surrogates have no UTF-8; a file cannot hold them.
      const sound = rows.filter(([key]) => key.isWellFormed());
      for (const [key, count] of sound) counts.set(key, (counts.get(key) ?? 0) + count);
      const { tally: made } = await tallied(sound);
      assert.equal(
        made.messages,
        sound.reduce((sum, [, count]) => sum + count, 0),
      );
      assert.equal(made.table.size(), counts.size);
      assert.deepEqual(new Map(made.top.map(({ dialog, count }) => [dialog, count])), counts);
      assert.deepEqual(
        made.top.map(({ count }) => count),
        [...counts.values()].sort((a, b) => b - a),
      );
    }),
    { numRuns: 100, seed: 1 },
  );
});

/** Equal halves must not be taken for equal keys. */
const hash = (i: number): [number, number] => [i % 7, Math.imul(i >>> 2, 0x9e3779b1) >>> 0];

test("a table grows over many blocks and finds every key again", () => {
  const table = createKeyTable();
  const distinct = new Set<string>();
  for (let i = 0; i < 700_000; i += 1) {
    distinct.add(hash(i).join());
    table.add(table.indexOf(...hash(i)), 1);
  }
  assert.equal(table.size(), distinct.size);
  for (let i = 0; i < 700_000; i += 1) {
    table.indexOf(...hash(i));
    assert.equal(table.isNew(), false);
  }
  const total = table.blocks().reduce((sum, block) => sum + block.counts.reduce((a, b) => a + b), 0);
  assert.equal(total, 700_000);
});

test("the heaviest keys keep their names, in whatever order their messages come", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 300, maxLength: 900, size: "max" }),
      (stream) => {
        const table = createKeyTable();
        const top = createTopKeys(table, 5);
        for (const key of stream) {
          const index = table.indexOf(key, key);
          top.offer(index, table.add(index, 1), `k${key}`);
        }
        const counts = new Map<number, number>();
        for (const key of stream) counts.set(key, (counts.get(key) ?? 0) + 1);
        const ranked = [...counts.values()].sort((a, b) => b - a).slice(0, 5);
        assert.deepEqual(
          top.list().map(({ count }) => count),
          ranked,
        );
        for (const { dialog, count } of top.list()) assert.equal(counts.get(Number(dialog.slice(1))), count);
      },
    ),
    { numRuns: 60, seed: 2 },
  );
});

test("minutes hold their messages; what comes over two minutes late counts for the whole alone", async () => {
  const {
    tally: made,
    windows,
    late,
  } = await tallied([
    ["a", 2, 0],
    ["b", 1, 1],
    ["a", 3, 0],
    ["c", 1, 3],
    ["a", 5, 0],
    ["b", 4, 2],
  ]);
  const found = windows.map(({ startMs, messages, keys }) => [
    startMs / 60_000,
    messages,
    [...keys.counts].slice(0, keys.size),
  ]);
  assert.deepEqual(
    found.sort(([a], [b]) => Number(a) - Number(b)),
    [
      [0, 5, [5]],
      [1, 1, [1]],
      [2, 4, [4]],
      [3, 1, [1]],
    ],
  );
  assert.equal(late, 1);
  assert.equal(made.messages, 16);
  assert.deepEqual(made.span, { fromMs: 1, toMs: 180_001 });
});

test("threads place as one thread does, by the hash of the key's text", async () => {
  const rows = Array.from({ length: 600_000 }, (_, i): Row => [`schlüssel-${i}`, (i % 9) + 1]);
  const { tally: made } = await tallied(rows);
  const shards = ["00", "01", "02", "03", "04"].map((label) => ({ label, weight: 1 }));
  const layouts = ["slots", "ring", "time-bucket"].map((placement) => ({ placement, shards }));
  const today = { placement: "modulo", shards: shards.slice(0, 4) };
  const placed = await placeOnThreads(made.table.blocks(), layouts, today);
  const keys = hashKeys(rows.map(([dialog, count]) => ({ dialog, count })));
  const now = shardsOf(compileLayouts([today])[0]!, keys);
  compileLayouts(layouts).forEach((layout, l) => {
    const loads = shards.map(() => 0);
    let moved = 0;
    shardsOf(layout, keys).forEach((shard, i) => {
      loads[shard]! += keys.counts[i]!;
      if (shard !== now[i]) moved += 1;
    });
    assert.deepEqual([...placed[l]!.loads], loads);
    assert.equal(placed[l]!.moved, moved);
  });
});
