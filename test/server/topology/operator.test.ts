import assert from "node:assert/strict";
import { test } from "node:test";
import type { Topology } from "../../../server/placement/contract.ts";
import type { Shard } from "../../../server/shards/shard.ts";
import { changeTopology, rebalanced } from "../../../server/topology/changes.ts";
import type { Found } from "../../../server/topology/newcomer.ts";
import { createOperator, type Operator, type Whereabouts } from "../../../server/topology/operator.ts";
import { row } from "../shards/rows.ts";
import { at, changed, fresh, newest } from "./changed.ts";

const WORK: Whereabouts["work"] = {
  kind: "rebalance",
  token: 1,
  node: 0,
  incarnation: 1,
  below: "5",
  phase: "copy",
  cursors: {},
  since: 0,
  seen: 0,
  moved: 0,
};
const OURS = "0".repeat(31) + "1";

interface World {
  readonly operator: Operator;
  /** As the state has it; tests change it, as another server would. */
  state: Whereabouts;
  /** Labels of shards that hold a message. */
  readonly holding: Set<string>;
  /** Rows by label, where it is not 10. */
  readonly counted: Map<string, number>;
  found: Found;
  readonly hot: { dialog: string; share: number }[];
  onScan: () => void;
  /** Between the judgement of a change and its compare-and-set. */
  onPublish: () => void;
}

function world(topology: Topology = fresh()): World {
  let boundary = 100;
  const shard = (label: string) =>
    ({
      label,
      spec: { engine: "sqlite", file: `/data/${label}.db`, shaped: null },
      state: () => "up",
      reading: () => ({ up: true, storedRows: self.counted.get(label) ?? 10, storedBytes: 1_000 }),
      async scan(after: unknown) {
        self.onScan();
        return self.holding.has(label) && after === null ? [row({ id: "5" })] : [];
      },
      digest: async (keys: readonly object[]) => ({ rows: keys.length, sum: 0x5an }),
    }) as unknown as Shard;
  const shards = topology.shards.map(shard);
  const operator = createOperator({
    read: async () => self.state,
    async publish(next) {
      self.onPublish();
      self.state = { ...self.state, ...next(self.state, at(boundary++)) };
    },
    shards: { all: () => shards, get: (label) => shards.find((one) => one.label === label) },
    inspect: async () => self.found,
    hot: () => self.hot,
    rowsPerS: () => 1_000,
    now: () => Date.UTC(2026, 0, 1),
  });
  const self: World = {
    operator,
    state: { cluster: OURS, topology, urls: {}, out: [], work: null },
    holding: new Set(),
    counted: new Map(),
    found: { cluster: null, holdsRows: false },
    hot: [],
    onScan: () => {},
    onPublish: () => {},
  };
  return self;
}

test("a dry run changes nothing; a change says its epoch and what comes of it", async () => {
  const { operator, ...rest } = world();
  const asked = { do: "drain", shard: "01" } as const;
  const dry = await operator.change({ change: asked, dryRun: true });
  assert.deepEqual([dry.epoch, dry.applied, rest.state.topology.epoch], [1, false, 1]);
  const done = await operator.change({ change: asked, epoch: 1 });
  assert.deepEqual([done.epoch, done.applied], [2, true]);
  assert.deepEqual(done.forecast, dry.forecast);
});

test("a change that came in between is told, also when it came after the judgement", async () => {
  const it = world();
  await assert.rejects(it.operator.change({ change: { do: "drain", shard: "01" }, epoch: 2 }), {
    code: "EPOCH_CHANGED",
  });
  const first = it.operator.change({ change: { do: "drain", shard: "01" }, epoch: 1 });
  const second = it.operator.change({ change: { do: "drain", shard: "02" }, epoch: 1 });
  await first;
  await assert.rejects(second, { code: "EPOCH_CHANGED", message: /at epoch 2, not 1/u });
  const unasked = await it.operator.change({ change: { do: "drain", shard: "02" } });
  assert.equal(unasked.epoch, 3, "who does not say what they have seen changes what is there");
});

test("a newcomer gets the next label, or its own when it comes again", async () => {
  const it = world(changed(fresh(), { do: "add", shard: "09" }));
  const label = async (cluster: string | null) => {
    it.found = { cluster, holdsRows: false };
    return (await it.operator.change({ change: { do: "add", url: "sqlite:/data/new.db" }, dryRun: true })).shard;
  };
  assert.equal(await label(null), "10");
  assert.equal(await label(`${OURS}/07`), "07");
  assert.equal(await label(OURS), "10");
  // 10 and 11 were removed: a server whose configuration still names them would take this one's messages for theirs.
  it.state = { ...it.state, nextLabel: 12 };
  assert.equal(await label(null), "12");
  await assert.rejects(label(`${OURS}/03`), { code: "SHARD_EXISTS", message: /is shard 03 of this system/u });
  await assert.rejects(label(`${"f".repeat(32)}/00`), { code: "OTHER_CLUSTER" });
  it.found = { cluster: null, holdsRows: true };
  await assert.rejects(it.operator.change({ change: { do: "add", url: "sqlite:/data/new.db" } }), {
    code: "NOT_EMPTY",
  });
});

test("its URL is kept whole while it is there", async () => {
  const it = world();
  await it.operator.change({ change: { do: "add", url: "sqlite:more.db?commitMs=5" } });
  const kept = it.state.urls["04"]!;
  assert.match(kept, /^sqlite:\/.*\/more\.db\?commitMs=5$/u);
  await assert.rejects(it.operator.change({ change: { do: "add", url: kept } }), { code: "SHARD_EXISTS" });
  await it.operator.change({ change: { do: "drain", shard: "04" } });
  it.state = { ...it.state, topology: rebalanced(it.state.topology, newest(it.state.topology).from) };
  await it.operator.change({ change: { do: "remove", shard: "04" } });
  assert.deepEqual([it.state.urls, it.state.topology.shards], [{}, ["00", "01", "02", "03"]]);
});

test("a shard that holds messages is not removed, nor is one while messages are being moved", async () => {
  const drained = changed(fresh(), { do: "drain", shard: "01" });
  const it = world(rebalanced(drained, newest(drained).from));
  const remove = () => it.operator.change({ change: { do: "remove", shard: "01" } });
  it.holding.add("01");
  await assert.rejects(remove(), { code: "OWNS_ROWS", message: /holds messages/u });
  it.holding.clear();
  it.state = { ...it.state, work: WORK };
  await assert.rejects(remove(), { code: "MOVING" });
  it.state = { ...it.state, work: null };
  it.onPublish = () => (it.state = { ...it.state, work: WORK });
  await assert.rejects(remove(), { code: "MOVING" });
  it.state = { ...it.state, work: null };
  it.onPublish = () => {};
  assert.equal((await remove()).applied, true);
});

test("a pin makes room for what the dialog has had of the last minute, unless it is told", async () => {
  for (const [share, weight] of [
    [undefined, 0.6],
    [0, 1],
    [0.05, 0.8],
  ] as const) {
    const it = world();
    it.hot.push({ dialog: "1_2", share: 0.1 });
    const pin = { do: "pin", dialog: "1_2", shard: "01" } as const;
    await it.operator.change({ change: share === undefined ? pin : { ...pin, share } });
    assert.equal(newest(it.state.topology).shards.find(({ label }) => label === "01")!.weight, weight);
  }
});

test("what was not counted yet is not taken for nothing", async () => {
  const it = world();
  for (const label of ["01", "02", "03"]) it.counted.set(label, 0);
  it.holding.add("02");
  const { notes } = await it.operator.forecast();
  assert.ok(notes.includes("what shard 02 holds is not known, and not counted"), notes.join("; "));
});

test("each shard's rows have the digest of its database", async () => {
  const it = world();
  it.holding.add("02");
  const { shards } = await (await it.operator.verify()).run(() => {}, new AbortController().signal);
  assert.deepEqual(
    shards.map(({ digest }) => digest),
    ["0", "0", "5a", "0"],
  );
});

test("what was verified while the topology changed, or messages moved, means nothing", async () => {
  const it = world();
  it.state = { ...it.state, work: WORK };
  await assert.rejects(it.operator.verify(), { code: "MOVING" });
  it.state = { ...it.state, work: null };
  const run = async () => (await it.operator.verify()).run(() => {}, new AbortController().signal);
  assert.equal((await run()).match, true);
  const before = it.state;
  it.onScan = () =>
    (it.state = { ...before, topology: changeTopology(before.topology, { do: "drain", shard: "01" }, at(9)) });
  await assert.rejects(run(), { code: "EPOCH_CHANGED" });
  it.state = before;
  it.onScan = () => (it.state = { ...before, work: WORK });
  await assert.rejects(run(), { code: "MOVING" });
});
