import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import type { Topology } from "../../../../server/placement/contract.ts";
import { MAX_MESSAGE_ID } from "../../../../server/placement/message-id.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import type { MessageRow, OnConnect, ShardStore } from "../../../../server/shards/contract.ts";
import { createStore } from "../../../../server/shards/open-store.ts";
import { parseShardUrl } from "../../../../server/shards/url.ts";
import { changeTopology, type Change } from "../../../../server/topology/changes.ts";
import { placedOf, replaceTopology, startTopology } from "../../../../server/topology/document.ts";
import { createMemoryStateStore } from "../../../../server/topology/memory-store.ts";
import type { MoverShard } from "../../../../server/topology/mover/contract.ts";
import { createMover, type Mover } from "../../../../server/topology/mover/mover.ts";
import { ownerOf } from "../../../../server/topology/mover/place.ts";
import { sharedState } from "../../../../server/topology/mover/shared-state.ts";
import { verify } from "../../../../server/topology/verify.ts";
import { MARIADB_REMEDY, startMariadbs } from "../../../support/mariadb.ts";
import { need } from "../../../support/need.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { virtualClock } from "../../../support/virtual-clock.ts";
import { at } from "../changed.ts";
import { Crash } from "./world.ts";

const LABELS = ["00", "01", "02"];
const SELF = { node: 1, incarnation: 1 };
const mariadbs = await startMariadbs(2);
const noMariadb = need("mariadbd", mariadbs, MARIADB_REMEDY);

after(() => Promise.all((mariadbs ?? []).map((server) => server.stop())));

const judge: OnConnect = async (session) => {
  await session.claim("ours");
  await session.seal(1, 0n);
  await session.admit({ ...SELF, epoch: 1 }, 0n);
};

/** Calls `step` before and after each call. */
function stepping<T extends object>(target: T, step: () => void): T {
  const entries = Object.entries(target).map(([name, call]): [string, unknown] => [
    name,
    async (...values: unknown[]): Promise<unknown> => {
      step();
      const value: unknown = await (call as (...values: unknown[]) => unknown)(...values);
      step();
      return value;
    },
  ]);
  return Object.fromEntries(entries) as T;
}

/** Three shards with a state, and messages that were acknowledged. */
async function system(t: TestContext, urls: readonly string[]) {
  const stores = urls.map((url) => createStore(parseShardUrl(url)));
  t.after(() => Promise.all(stores.map((store) => store.close())));
  for (const store of stores) await store.open(judge);
  const state = createMemoryStateStore();
  await state.update((fresh) => ({
    state: startTopology(fresh, singleSegment({ labels: LABELS, placement: "slots" }), false),
    result: null,
  }));
  const acked: MessageRow[] = [];
  let boundaries = 0;
  let id = 1n;

  const topology = async (): Promise<Topology> => placedOf(await state.read()).topology;
  const storeOf = (label: string): ShardStore => stores[LABELS.indexOf(label)]!;

  /** @param next as a follower publishes */
  async function publish(next: Parameters<typeof replaceTopology>[1]): Promise<void> {
    await state.update((now) => ({ state: replaceTopology(now, next), result: null }));
    const { closedBelow = "0", topology: made } = placedOf(await state.read());
    for (const store of stores) await store.seal(made.epoch, BigInt(closedBelow));
  }

  return {
    acked,
    topology,
    async change(change: Change): Promise<void> {
      const boundary = at(++boundaries);
      await publish(({ topology: before }) => ({ topology: changeTopology(before, change, boundary) }));
      id = boundary;
    },
    async write(count: number): Promise<void> {
      const made = await topology();
      const owner = ownerOf(made);
      for (let i = 0; i < count; i++, id++) {
        const row = { dialog: `${1 + (Number(id) % 37)}_99`, id: String(id), author: 99, recipient: 1 };
        const message: MessageRow = { ...row, client: `c'${id}`, text: `Grüße "${id}" 😀` };
        const { others } = await storeOf(owner(message)).insert([message], { ...SELF, epoch: made.epoch });
        assert.equal(others.size, 0);
        acked.push(message);
      }
    },
    /** @param step before and after each call of a shard or the state; it may throw */
    mover(step: () => void): Mover {
      const shards = stores.map((store, index): MoverShard => ({
        ...stepping(store, step),
        label: LABELS[index]!,
        reading: () => ({ storedRows: acked.length / 3 }),
      }));
      return createMover({
        state: stepping(sharedState(state, { publish }), step),
        shards: () => shards,
        self: () => SELF,
        clock: virtualClock(),
        p99Ms: () => null,
        isThrottled: () => false,
        chunkRows: 40,
        chunksPerSave: 2,
      });
    },
    async check(when: string): Promise<void> {
      const sources = stores.map((store, index) => ({
        label: LABELS[index]!,
        page: (from: Parameters<ShardStore["scan"]>[0]) => store.scan(from, { below: String(MAX_MESSAGE_ID) }, 1_000),
      }));
      const { match, messages, ...found } = await verify(await topology(), sources);
      assert.ok(match, `${when}: ${JSON.stringify(found)}`);
      assert.equal(messages, acked.length, when);
      const dialogs = Map.groupBy(acked, ({ dialog }) => dialog);
      const owner = ownerOf(await topology());
      const [some] = [...dialogs.values()].slice(boundaries % dialogs.size);
      const { rows } = await storeOf(owner(some![0]!)).history(some![0]!.dialog, null, 1_000, 1);
      assert.deepEqual(rows, some, when);
    },
  };
}

/** Moves them here and there, and each time the mover dies at another moment. */
async function movesAndDies(t: TestContext, urls: readonly string[], stride: number): Promise<void> {
  const world = await system(t, urls);
  await world.write(300);
  let deaths = 0;
  for (let n = 1; ; n += stride) {
    await world.change({ do: deaths % 2 === 0 ? "drain" : "put-back", shard: "02" });
    await world.write(3);
    let moments = 0;
    const step = (): void => {
      if (++moments >= n) throw new Crash("the process died");
    };
    const [end] = await Promise.allSettled([world.mover(step).rebalance()]);
    if (end.status === "rejected") assert.ok(end.reason instanceof Crash, String(end.reason));
    const { copied } = await world.mover(() => {}).rebalance();
    await world.check(`it died at moment ${n}`);
    if (end.status === "fulfilled") {
      assert.equal(copied, 0, "nothing is left to do");
      break;
    }
    deaths += 1;
  }
  assert.ok(deaths > 10, `${deaths} deaths`);
}

test("on SQLite: a rebalance that is killed at any moment loses, doubles and hides nothing", async (t) => {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await movesAndDies(
    t,
    LABELS.map((label) => `sqlite:${join(folder, label)}.db`),
    5,
  );
});

test("on two MariaDB servers and a SQLite file: the same", { skip: noMariadb }, async (t) => {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [one, two] = mariadbs!;
  await movesAndDies(t, [one!.url("mover"), `sqlite:${join(folder, "01")}.db`, two!.url("mover")], 5);
});
