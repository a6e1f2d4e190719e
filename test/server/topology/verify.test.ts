import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Topology } from "../../../server/placement/contract.ts";
import { compareIds } from "../../../server/placement/message-id.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { StoreError, type MessageRow } from "../../../server/shards/contract.ts";
import type { RowSource } from "../../../server/topology/merged-rows.ts";
import { verify } from "../../../server/topology/verify.ts";
import { row } from "../shards/rows.ts";
import { at, changed, fresh, LABELS } from "./changed.ts";

type Held = Record<string, MessageRow[]>;

function ownerOf(topology: Topology, message: MessageRow): string {
  return topology.shards[compileTopology(topology).place({ ...message, id: BigInt(message.id) })]!;
}

/** Every row where the topology puts it. */
function spread(topology: Topology, rows: readonly MessageRow[]): Held {
  const held: Held = Object.fromEntries(topology.shards.map((label) => [label, []]));
  for (const message of rows) held[ownerOf(topology, message)]!.push(message);
  return held;
}

/** Shards of which a page has so many rows. */
function sources(held: Held, page = 3): RowSource[] {
  return Object.entries(held).map(([label, rows]) => {
    const sorted = rows.toSorted((a, b) =>
      a.dialog === b.dialog ? compareIds(a.id, b.id) : a.dialog < b.dialog ? -1 : 1,
    );
    return {
      label,
      page: async (after) => {
        const from =
          after === null ? 0 : sorted.findIndex(({ dialog, id }) => dialog === after.dialog && id === after.id) + 1;
        return sorted.slice(from, from + page);
      },
    };
  });
}

function messages(dialogs: number, each: number): MessageRow[] {
  return Array.from({ length: dialogs * each }, (_, i) => {
    const dialog = `1_${2 + (i % dialogs)}`;
    return row({ dialog, id: String(at(i)), client: `c${i}` });
  });
}

test("every message on its owner is a match, whatever the pages", async () => {
  const topology = changed(fresh(), { do: "add", shard: "04" }, { do: "split", dialog: "1_2", parts: 3 });
  for (const page of [1, 2, 7, 100]) {
    const seen: number[] = [];
    const found = await verify(topology, sources(spread(topology, messages(10, 8)), page), (rows) => seen.push(rows));
    assert.deepEqual([found.match, found.messages, found.dialogs, found.epoch], [true, 80, 10, 3]);
    assert.deepEqual([found.twins, found.differing, found.unreachable, found.examples], [0, 0, [], []]);
    assert.equal(
      found.shards.reduce((sum, { rows }) => sum + rows, 0),
      80,
    );
    assert.deepEqual(
      seen,
      Array.from({ length: 80 }, (_, i) => i + 1),
    );
  }
});

test("each kind of fault is counted, shown, and no match", async () => {
  const topology = changed(fresh(), { do: "split", dialog: "1_2", parts: 2 });
  const all = messages(6, 4);
  const one = all.find(({ dialog }) => dialog === "1_4")!;
  const owner = ownerOf(topology, one);
  const other = LABELS.find((label) => label !== owner)!;
  const where = { dialog: one.dialog, message: one.id, shard: other, owner };

  const moved = spread(topology, all);
  moved[owner] = moved[owner]!.filter((message) => message !== one);
  moved[other]!.push(one);
  const misplaced = await verify(topology, sources(moved));
  assert.deepEqual(
    [misplaced.match, misplaced.messages, misplaced.examples],
    [false, 24, [{ fault: "misplaced", ...where }]],
  );
  assert.equal(misplaced.shards.find(({ shard }) => shard === other)!.misplaced, 1);

  const left = spread(topology, all);
  left[other]!.push(one);
  const copy = await verify(topology, sources(left));
  assert.deepEqual([copy.match, copy.messages, copy.examples], [false, 24, [{ fault: "copy", ...where }]]);
  assert.equal(copy.shards.find(({ shard }) => shard === other)!.copies, 1);

  for (const change of [{ text: "other" }, { author: 9 }, { recipient: 9 }, { client: "other" }]) {
    const changedRow = spread(topology, all);
    changedRow[other]!.push({ ...one, ...change });
    const differing = await verify(topology, sources(changedRow));
    assert.deepEqual([differing.match, differing.differing], [false, 1], JSON.stringify(change));
    assert.deepEqual(differing.examples[0], { fault: "differing", ...where });
  }
});

test("a message that was sent again under another id, on another shard, is a twin", async () => {
  const split = { do: "split", parts: 4 } as const;
  const topology = changed(fresh(), { ...split, dialog: "1_2" }, { ...split, dialog: "1_3" });
  const first = row({ dialog: "1_2", id: String(at(0) + 1n), client: "again" });
  // The split put the retry elsewhere than the placement had put the first try.
  const retries = Array.from({ length: 99 }, (_, i) => row({ dialog: "1_2", id: String(at(9)), client: `again${i}` }));
  const second = retries.find((retry) => ownerOf(topology, retry) !== ownerOf(topology, first))!;
  const rows = [{ ...first, client: second.client }, second];
  const found = await verify(topology, sources(spread(topology, rows)));
  assert.deepEqual([found.match, found.twins], [false, 1]);
  assert.deepEqual(found.examples, [
    {
      fault: "twin",
      dialog: "1_2",
      message: second.id,
      shard: ownerOf(topology, second),
      owner: ownerOf(topology, second),
    },
  ]);
  const others = [rows[0]!, { ...second, author: 2 }, row({ dialog: "1_3", id: second.id, client: second.client })];
  assert.equal((await verify(topology, sources(spread(topology, others)))).twins, 0);
});

test("a shard that does not answer is named, and then nothing is a match", async () => {
  const topology = fresh();
  const held = sources(spread(topology, messages(8, 4)), 2);
  const lost = held.map((source, i) => {
    let pages = 0;
    const page: RowSource["page"] = (after) =>
      i === 1 && pages++ === 1 ? Promise.reject(new StoreError("gone", false)) : source.page(after);
    return { ...source, page };
  });
  const found = await verify(topology, lost);
  assert.deepEqual([found.match, found.unreachable], [false, ["01"]]);
  assert.equal(found.shards.find(({ shard }) => shard === "01")!.rows, 2, "what it said before it went");
});

test("of many faults the first of each kind are shown, and all are counted", async () => {
  const topology = fresh();
  const held = spread(topology, messages(4, 5));
  const [from, to] = LABELS.toSorted((a, b) => held[b]!.length - held[a]!.length) as [string, string];
  const count = held[from]!.length;
  held[to]!.push(...held[from]!);
  held[from] = [];
  const { examples, shards } = await verify(topology, sources(held));
  assert.deepEqual([examples.length, shards.find(({ shard }) => shard === to)!.misplaced], [3, count]);
});

test("rows in any disorder over shards: what is found is what was done", async () => {
  const topology = changed(fresh(), { do: "add", shard: "04" });
  const rows = messages(12, 3);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("stays", "moves", "copied"), { minLength: rows.length, maxLength: rows.length }),
      fc.integer({ min: 1, max: 5 }),
      async (fates, page) => {
        const held: Held = Object.fromEntries(topology.shards.map((label) => [label, []]));
        for (const [i, message] of rows.entries()) {
          const owner = ownerOf(topology, message);
          const other = topology.shards[(topology.shards.indexOf(owner) + 1 + (i % 4)) % 5]!;
          if (fates[i] !== "moves") held[owner]!.push(message);
          if (fates[i] !== "stays") held[other]!.push(message);
        }
        const found = await verify(topology, sources(held, page));
        const sum = (of: "copies" | "misplaced") => found.shards.reduce((total, shard) => total + shard[of], 0);
        const fate = (name: string) => fates.filter((one) => one === name).length;
        assert.deepEqual([sum("misplaced"), sum("copies")], [fate("moves"), fate("copied")]);
        assert.equal(found.match, fate("stays") === rows.length);
        assert.equal(found.messages, rows.length);
      },
    ),
    { numRuns: 50, seed: 4 },
  );
});
