import assert from "node:assert/strict";
import { test } from "node:test";
import type { Segment } from "../../../server/placement/contract.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import type { ChangeReply, ChangeRequest } from "../../../server/protocol/shards.ts";
import { changeTopology } from "../../../server/topology/changes.ts";
import { createRelief, reliefOf, type HotShare, type ReliefMode } from "../../../server/topology/relief.ts";

const LABELS = ["00", "01", "02", "03"];
const FIRST = singleSegment({ labels: LABELS, placement: "slots" });
const hot = (share: number, dialog = "1_2"): HotShare => ({
  dialog,
  share,
  error: 0,
  count: 1_000,
  countError: 0,
  shards: ["02"],
});
const segment = (overrides: Segment["overrides"] = []): Segment => ({ ...FIRST.segments[0]!, overrides });

test("up to an even share a pin relieves, above it a split with as many parts as the target needs", () => {
  assert.deepEqual(reliefOf(hot(0.2), segment()), { do: "pin", dialog: "1_2", shard: "02", share: 0.2 });
  assert.deepEqual(reliefOf(hot(0.4), segment()), { do: "split", dialog: "1_2", parts: 3 });
  assert.deepEqual(reliefOf(hot(0.9), segment()), { do: "split", dialog: "1_2", parts: 4 });
  for (let share = 0.26; share < 1; share += 0.01) {
    const wanted = reliefOf(hot(share), segment());
    assert.ok(wanted?.do === "split");
    const skewOf = (parts: number) => 1 + share * (LABELS.length / parts - 1);
    assert.ok(skewOf(wanted.parts) <= 1.25 + 1e-9);
    assert.ok(wanted.parts === 2 || skewOf(wanted.parts - 1) > 1.25, "and not one part more");
  }
});

test("what is there already is left, unless more is needed; one shard cannot be relieved", () => {
  const pinned = segment([{ dialog: "1_2", action: "pin", shard: "02" }]);
  assert.equal(reliefOf(hot(0.2), pinned), null);
  assert.deepEqual(reliefOf(hot(0.4), pinned), { do: "split", dialog: "1_2", parts: 3 });
  const split = segment([{ dialog: "1_2", action: "split", shards: ["00", "01", "02"] }]);
  assert.equal(reliefOf(hot(0.4), split), null);
  assert.deepEqual(reliefOf(hot(0.9), split), { do: "split", dialog: "1_2", parts: 4 });
  assert.equal(reliefOf(hot(0.9), singleSegment({ labels: ["00"], placement: "slots" }).segments[0]!), null);
});

function world(mode: ReliefMode) {
  let topology = FIRST;
  const done: string[] = [];
  const told: string[] = [];
  const relief = createRelief({
    mode,
    isHot: ({ share }) => share > 0.1,
    newest: () => topology.segments.at(-1)!,
    async change({ change, dryRun = false }: { change: ChangeRequest; dryRun?: boolean }) {
      if (change.do === "add") throw new Error("it adds no shard");
      const next = changeTopology(topology, change, BigInt(topology.segments.at(-1)!.from) + 1n);
      if (!dryRun) topology = next;
      done.push(`${dryRun ? "dry " : ""}${change.do}`);
      return { forecast: { maxOverMean: { before: 1.6, after: 1.1 } } } as ChangeReply;
    },
    tell: ({ level, text }) => void told.push(`${level}: ${text}`),
  });
  return {
    relief,
    done,
    told,
    change: (request: Parameters<typeof changeTopology>[1]) => {
      topology = changeTopology(topology, request, BigInt(topology.segments.at(-1)!.from) + 1n);
    },
  };
}

const busy = (...dialogs: HotShare[]) => ({ messages: 5_000, maxOverMean: 1.6, dialogs });

test("auto: hot for three windows splits, with its forecast; cool for ten merges", async () => {
  const { done, relief, told } = world("auto");
  for (let i = 0; i < 2; i++) await relief.window(busy(hot(0.4)));
  await relief.window(busy());
  for (let i = 0; i < 2; i++) await relief.window(busy(hot(0.4)));
  assert.deepEqual(done, [], "a burst does nothing");
  await relief.window(busy(hot(0.4)));
  assert.deepEqual(done, ["split"]);
  assert.deepEqual(told, ["info: hot dialog: split 1_2 --parts 3: max/mean 1.60, forecast 1.10"]);
  for (let i = 0; i < 20; i++) await relief.window({ ...busy(hot(0.4)), maxOverMean: 1.12 });
  assert.deepEqual(done, ["split"], "it is relieved, and stays");
  for (let i = 0; i < 9; i++) await relief.window(busy());
  assert.deepEqual(done, ["split"]);
  await relief.window(busy());
  assert.deepEqual(done, ["split", "merge"]);
});

test("advise says once which command would help and changes nothing; off says nothing", async () => {
  const { done, relief, told } = world("advise");
  for (let i = 0; i < 9; i++) await relief.window(busy(hot(0.4)));
  assert.deepEqual(told, ["info: hot dialog: `hotshard shards split 1_2 --parts 3`: max/mean 1.60, forecast 1.10"]);
  assert.deepEqual(done, ["dry split"]);
  const off = world("off");
  for (let i = 0; i < 9; i++) await off.relief.window(busy(hot(0.4)));
  assert.deepEqual([off.done, off.told], [[], []]);
});

test("what an operator has pinned or split is never merged", async () => {
  const { change, done, relief } = world("auto");
  change({ do: "split", dialog: "1_2", parts: 3 });
  for (let i = 0; i < 5; i++) await relief.window(busy(hot(0.4)));
  for (let i = 0; i < 30; i++) await relief.window(busy());
  assert.deepEqual(done, []);
});
