import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { StoreError, type ShardStore } from "../../server/shards/contract.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { memoryStore } from "../support/memory-store.ts";
import { metricValue, scrape } from "../support/metrics.ts";

/** Two shards, where a message is on one and may be looked for on both, or one shard. */
const PLACES: Readonly<Record<string, { shards: number; args: readonly string[] }>> = {
  "with the unique key of its only shard": { shards: 1, args: [] },
  "by looking for it on the shards that may hold it": { shards: 2, args: ["--placement", "time-bucket"] },
};

for (const [how, { shards, args }] of Object.entries(PLACES)) {
  test(`a commit whose answer was lost: who sends again reaches the reader, ${how}`, async (t) => {
    const lost = Promise.withResolvers<never>();
    let isLost = true;
    const committed = Promise.withResolvers<void>();
    const memory = Array.from({ length: shards }, memoryStore);
    const stores = memory.map((store): ShardStore => ({
      ...store,
      async insert(...batch) {
        const ids = await store.insert(...batch);
        committed.resolve();
        return isLost ? lost.promise : ids;
      },
    }));
    const server = await listen(t, stores, args);
    await server.open();
    const [ann, annTwin, bob] = [
      await connect(server.chatUrl, 1),
      await connect(server.chatUrl, 1),
      await connect(server.chatUrl, 2),
    ];
    const frame = { type: "send", id: "m", to: 2, text: "as it was sent first" };
    ann.send(frame);
    await committed.promise;
    lost.reject(new StoreError("the connection broke after the commit", true));
    assert.equal((await ann.next("error")).code, "SHARD_UNAVAILABLE");
    isLost = false;
    // The shard comes back by itself; asking is the only way to know.
    while (metricValue(await scrape(server.url), "chat_shards") > 0) {
      if ((await server.app.inject("/readyz")).json<{ status: string }>().status === "ready") break;
      await delay(10);
    }
    const stored = memory.flatMap((store) => store.rows);
    assert.equal(stored.length, 1);

    ann.send({ ...frame, text: "another text", resend: true });
    assert.equal((await ann.next("ack")).message, stored[0]!.id);
    for (const reader of [bob, annTwin]) {
      const { message, text, resend, client } = await reader.next("message");
      assert.deepEqual([message, text, resend, client], [stored[0]!.id, frame.text, true, "m"]);
    }
    assert.equal(memory.flatMap((store) => store.rows).length, 1, "it is stored once");
    await ann.settle();
    assert.deepEqual(ann.untaken(), [], "its own connection gets the ack alone");
    const page = await scrape(server.url);
    assert.equal(metricValue(page, "chat_delivery_fanout_count"), 0, "a twin is no stored message");
  });
}

test("who cannot be told what was stored is not acknowledged, and may send again", async (t) => {
  const store = memoryStore();
  let isLost = false;
  const history: ShardStore["history"] = (...query) =>
    isLost ? Promise.reject(new StoreError("gone", false)) : store.history(...query);
  const server = await listen(t, [{ ...store, history }]);
  await server.open();
  const [ann, bob] = [await connect(server.chatUrl, 1), await connect(server.chatUrl, 2)];
  const frame = { type: "send", id: "m", to: 2, text: "x", resend: true };
  ann.send(frame);
  const { message } = await ann.next("ack");
  assert.equal((await bob.next("message")).resend, undefined, "a first try is no twin, whatever its author says");
  isLost = true;
  ann.send(frame);
  assert.equal((await ann.next("error")).code, "SHARD_UNAVAILABLE");
  isLost = false;
  ann.send(frame);
  assert.equal((await ann.next("ack")).message, message);
  assert.equal((await bob.next("message")).resend, true);
});

const sendOf = (id: string) => ({ type: "send", id, to: 2, text: "x" });

test("messages that are sent again are bounded for each connection, also where no look-up is needed", async (t) => {
  const store = memoryStore();
  const gate = Promise.withResolvers<void>();
  let most = 0;
  let now = 0;
  const history: ShardStore["history"] = async (...query) => {
    most = Math.max(most, ++now);
    await gate.promise;
    now--;
    return store.history(...query);
  };
  const server = await listen(t, [{ ...store, history }]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  const ids = Array.from({ length: 256 }, (_, i) => `${i}`);
  client.send(...ids.map(sendOf));
  for (const id of ids) assert.equal((await client.next("ack")).id, id);
  client.send(...ids.map((id) => ({ ...sendOf(id), resend: true })));
  client.send(...ids.map((id) => ({ ...sendOf(id), resend: true })));
  for (const id of ids) {
    const error = await client.next("error");
    assert.deepEqual([error.id, error.code], [id, "OVERLOADED"]);
  }
  gate.resolve();
  for (const id of ids) assert.equal((await client.next("ack")).id, id);
  assert.equal(most, 1);
});
