import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { createStore } from "../../server/shards/open-store.ts";
import type { ShardStore } from "../../server/shards/contract.ts";
import { parseShardUrl } from "../../server/shards/url.ts";
import { createFileStateStore } from "../../server/topology/file-store.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { MARIADB_REMEDY, startMariadb } from "../support/mariadb.ts";
import { scrape, metricValue } from "../support/metrics.ts";
import { need } from "../support/need.ts";
import { temporaryFolder } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const mariadb = await startMariadb();
const skip = need("mariadbd", mariadb, MARIADB_REMEDY);

after(() => mariadb?.stop());

const storeAt = (database: string): ShardStore => createStore(parseShardUrl(mariadb!.url(database)));

/** A store whose commits wait until the test lets them go. */
function held(store: ShardStore): { readonly store: ShardStore; release(): void; readonly isHeld: () => boolean } {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  return {
    store: {
      ...store,
      async insert(rows, fence) {
        waiting += 1;
        await gate.promise;
        return store.insert(rows, fence);
      },
    },
    release: gate.resolve,
    isHeld: () => waiting > 0,
  };
}

test("two servers on one database: `stable` says what the other one may still write", { skip }, async (t) => {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const state = () => createFileStateStore(join(folder, "state.json"));
  const slow = held(storeAt("shared"));
  const one = await listen(t, [slow.store], [], { state: state() });
  const two = await listen(t, [storeAt("shared")], [], { state: state() });
  await one.open();
  await two.open();
  const [ann, bob] = [await connect(one.chatUrl, 1), await connect(two.chatUrl, 2)];

  // The message has its id, and waits for its commit; the other server knows nothing of it.
  ann.send({ type: "send", id: "under way", to: 2, text: "x" });
  while (!slow.isHeld()) await ann.settle();
  bob.send({ type: "send", id: "later", to: 1, text: "y" });
  const later = (await bob.next("ack")).message;
  bob.send({ type: "history", id: "before", with: 1 });
  const before = await bob.next("history");
  assert.deepEqual(
    before.messages.map(({ client }: { client: string }) => client),
    ["later"],
  );

  slow.release();
  const first = (await ann.next("ack")).message;
  assert.ok(BigInt(first) < BigInt(later), "it comes before the other one, which was read already");
  assert.ok(BigInt(before.stable) <= BigInt(first), "and that reader was told that something may");
  bob.send({ type: "history", id: "after", with: 1 });
  const after = await bob.next("history");
  assert.deepEqual(
    after.messages.map(({ client }: { client: string }) => client),
    ["under way", "later"],
  );

  // Whoever leaves holds nobody up: from then on only the reader's own server counts.
  await one.close();
  bob.send({ type: "history", id: "alone", with: 1 });
  const alone = await bob.next("history");
  assert.ok(BigInt(alone.stable) > BigInt(later));
});

test("a shard that knows a newer topology is not read or written by an older one", { skip }, async (t) => {
  const store = storeAt("newer");
  const server = await listen(t, [store]);
  await server.open();
  const ann = await connect(server.chatUrl, 1);
  ann.send({ type: "send", id: "1", to: 2, text: "x" });
  await ann.next("ack");
  ann.send({ type: "history", id: "h", with: 2 });
  assert.equal((await ann.next("history")).messages.length, 1);
  // Another server publishes epoch 2.
  await store.seal(2, 0n);
  ann.send({ type: "send", id: "2", to: 2, text: "y" }, { type: "history", id: "h", with: 2 });
  const errors = [await ann.next("error"), await ann.next("error")];
  assert.deepEqual(errors.map(({ code, id, retryable }) => `${id} ${code} ${retryable}`).sort(), [
    "2 STALE_TOPOLOGY true",
    "h STALE_TOPOLOGY true",
  ]);
  assert.equal(server.shards.get("00")!.state(), "up", "the shard is well");
  const url = "/v1/dialogs/1_2/messages";
  const http = await server.app.inject({ url, headers: { authorization: `Bearer ${tokenOf(1)}` } });
  assert.deepEqual([http.statusCode, http.json<{ code: string }>().code], [503, "STALE_TOPOLOGY"]);
});

test("a server that may mint no ids refuses writes, is not ready, reads on, and is back by itself", async (t) => {
  let isBroken = false;
  const state = createFileStateStore(join(temporaryFolder(), "state.json"));
  const server = await listen(t, [createStore(parseShardUrl(`sqlite:${join(temporaryFolder(), "s.db")}`))], [], {
    state: {
      ...state,
      update: (change) => (isBroken ? Promise.reject(new Error("the disk is gone")) : state.update(change)),
    },
    leaseMs: 200,
  });
  await server.open();
  const ann = await connect(server.chatUrl, 1);
  ann.send({ type: "send", id: "1", to: 2, text: "x" });
  await ann.next("ack");
  isBroken = true;
  while ((await server.app.inject("/readyz")).statusCode === 200) await ann.settle();
  const { status } = (await server.app.inject("/readyz")).json<{ status: string }>();
  assert.match(status, /no grant of message ids/);
  ann.send({ type: "send", id: "2", to: 2, text: "x" });
  const error = await ann.next("error");
  assert.deepEqual([error.id, error.code, error.retryable], ["2", "STALE_TOPOLOGY", true]);
  ann.send({ type: "history", id: "h", with: 2 });
  assert.equal((await ann.next("history")).messages.length, 1);
  assert.equal(metricValue(await scrape(server.url), 'chat_errors_total{code="STALE_TOPOLOGY"}'), 1);
  isBroken = false;
  while ((await server.app.inject("/readyz")).statusCode !== 200) await ann.settle();
  ann.send({ type: "send", id: "2", to: 2, text: "x", resend: true });
  await ann.next("ack");
});
