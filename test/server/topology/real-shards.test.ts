import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, describe, test, type TestContext } from "node:test";
import type { ShardStore } from "../../../server/shards/contract.ts";
import { createStore } from "../../../server/shards/open-store.ts";
import { parseShardUrl } from "../../../server/shards/url.ts";
import type { TopologyEvent } from "../../../server/topology/event.ts";
import { createFileStateStore } from "../../../server/topology/file-store.ts";
import { createMembership, type Membership } from "../../../server/topology/membership.ts";
import { MARIADB_REMEDY, startMariadb } from "../../support/mariadb.ts";
import { need } from "../../support/need.ts";
import { NO_GUARD } from "../../support/no-guard.ts";

const root = mkdtempSync(join(tmpdir(), "hotshard-members-"));
const mariadb = await startMariadb();
const noMariadb = need("mariadbd", mariadb, MARIADB_REMEDY);

after(async () => {
  await mariadb?.stop();
  rmSync(root, { recursive: true });
});

interface Server {
  readonly membership: Membership;
  readonly stores: readonly ShardStore[];
  /** @returns the id under which the shard stored it, or null when it was refused */
  send(shard: number): Promise<bigint | null>;
  /** Resolves at the next event whose text has these words. */
  told(words: string): Promise<void>;
  stop(): Promise<void>;
}

let messages = 0;

/** @param data folder of the state */
async function startServer(t: TestContext, data: string, urls: readonly string[]): Promise<Server> {
  const stores = urls.map((url) => createStore(parseShardUrl(url)));
  const waiting: { readonly words: string; readonly resolve: () => void }[] = [];
  const state = createFileStateStore(join(data, "state.json"));
  const open = new Set<ShardStore>();
  let isStopped = false;
  const membership = createMembership({
    store: state,
    guard: NO_GUARD,
    tell({ text }: TopologyEvent) {
      for (const { words, resolve } of waiting) if (text.includes(words)) resolve();
    },
    sealing: () => ({ epoch: 1, boundary: 0n }),
    shards: () =>
      stores.map((store, i) => ({ label: `0${i}`, store, isUp: () => open.has(store), oldestPending: () => null })),
  });

  async function stop(): Promise<void> {
    if (isStopped) return;
    isStopped = true;
    await membership.leave();
    open.clear();
    await Promise.all(stores.map((store) => store.close()));
    await state.close();
  }

  t.after(stop);
  await membership.join();
  const opened = await Promise.allSettled(stores.map((store, i) => store.open(membership.onConnect(`0${i}`))));
  for (const one of opened) {
    if (one.status === "fulfilled") continue;
    await stop();
    throw one.reason;
  }
  for (const store of stores) open.add(store);
  return {
    membership,
    stores,
    stop,
    async send(shard) {
      const id = membership.ids.next();
      if (id === null) return null;
      const row = { dialog: "1_2", id: id.toString(), author: 1, recipient: 2, client: `m${messages++}`, text: "x" };
      const fence = membership.fence();
      const { others } = await stores[shard]!.insert([row], fence);
      if (others.size === 0) return id;
      assert.equal(others.get(0), "fenced");
      membership.fenced(`0${shard}`, fence);
      return null;
    },
    told: (words) => new Promise((resolve) => void waiting.push({ words, resolve })),
  };
}

/** Nothing is minted until the node is admitted, which nobody tells. */
async function sent(server: Server): Promise<bigint> {
  for (;;) {
    const id = await server.send(0);
    if (id !== null) return id;
    await delay(5);
  }
}

memberSuite("sqlite", false, true, (place) => `sqlite:${root}/${place}.db`);
memberSuite("mysql", noMariadb, false, (place) => mariadb!.url(place));

function memberSuite(
  engine: string,
  skip: string | false,
  isOfOneProcess: boolean,
  url: (place: string) => string,
): void {
  describe(engine, { skip }, () => {
    test("a restart goes on with its number, above what was stored, and above it without its state", async (t) => {
      const data = join(root, `${engine}-restart`);
      const urls = [url("restart_0"), url("restart_1")];
      let last = -1n;
      for (const folder of [data, data, join(data, "lost")]) {
        const server = await startServer(t, folder, urls);
        if (folder === data) assert.equal(server.membership.reading().node, 0);
        for (const shard of [0, 1]) {
          const id = await server.send(shard);
          assert.ok(id !== null && id > last, `${id} after ${last}`);
          last = id;
        }
        await server.stop();
      }
    });

    test("a shard of another system is refused, and left as it was", async (t) => {
      const one = await startServer(t, join(root, `${engine}-one`), [url("one")]);
      const two = await startServer(t, join(root, `${engine}-two`), [url("two")]);
      await one.stop();
      await two.stop();
      await assert.rejects(startServer(t, join(root, `${engine}-one`), [url("one"), url("two")]), (error: Error) => {
        assert.match(
          error.message,
          /^shard 01 belongs to system [0-9a-f]{32}, and .*state\.json .* to [0-9a-f]{32}: give/,
        );
        return true;
      });
      const again = await startServer(t, join(root, `${engine}-two`), [url("two")]);
      assert.notEqual(await again.send(0), null);
    });

    test("who is fenced writes again, above, as the next incarnation", async (t) => {
      const server = await startServer(t, join(root, `${engine}-fenced`), [url("fenced")]);
      const before = await server.send(0);
      const { incarnation, node } = server.membership.reading();
      await server.stores[0]!.retire(node, incarnation);
      const joined = server.told("this is node");
      assert.equal(await server.send(0), null);
      await joined;
      assert.ok((await sent(server)) > before!);
      assert.ok(server.membership.reading().incarnation > incarnation);
    });

    test("what was minted before its node joined anew is refused", async (t) => {
      const server = await startServer(t, join(root, `${engine}-late`), [url("late")]);
      const id = server.membership.ids.next()!;
      const old = server.membership.fence();
      await server.stores[0]!.retire(old.node, old.incarnation);
      const joined = server.told("this is node");
      await server.send(0);
      await joined;
      await sent(server);
      const row = { dialog: "1_3", id: id.toString(), author: 1, recipient: 3, client: "late", text: "x" };
      for (const fence of [old, server.membership.fence()]) {
        const { others } = await server.stores[0]!.insert([row], fence);
        assert.equal(others.get(0), "fenced");
      }
    });

    // A shard of one process has no second server.
    if (isOfOneProcess) return;

    test("two servers write to one shard, each under its own number, with one state or with two", async (t) => {
      const shared = join(root, `${engine}-shared`);
      for (const [name, folders] of Object.entries({ one: [shared, shared], two: [`${shared}-a`, `${shared}-b`] })) {
        const servers = [];
        for (const folder of folders) servers.push(await startServer(t, folder, [url(`shared_${name}`)]));
        assert.deepEqual(
          servers.map(({ membership }) => membership.reading().node),
          [0, 1],
        );
        for (let i = 0; i < 20; i++) for (const server of servers) assert.notEqual(await server.send(0), null);
        for (const server of servers) await server.stop();
      }
    });
  });
}
