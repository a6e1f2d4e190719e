import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../server/protocol/frames.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { untilMetric } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";

/** Two shards whose reads wait until they are let go, and how many of them were under way at once. */
function heldStores() {
  const gate = Promise.withResolvers<void>();
  let now = 0;
  const reads = { most: 0, letGo: gate.resolve };
  async function held<T>(value: T): Promise<T> {
    reads.most = Math.max(reads.most, ++now);
    await gate.promise;
    now--;
    return value;
  }
  const store = () => scripted({ find: () => held(null), history: () => held({ rows: [], epoch: 1, floor: null }) });
  return { stores: [store(), store()], reads };
}

/** Both shards may hold the first try of a message. */
const ARGS = ["--placement", "time-bucket"];

function sendMany(client: ChatClient, frames: readonly object[]): void {
  for (let from = 0; from < frames.length; from += LIMITS.frames) {
    client.send(...frames.slice(from, from + LIMITS.frames));
  }
}

test("a connection that asks for thousands of first tries has one look-up under way, and a queue that ends", async (t) => {
  const { stores, reads } = heldStores();
  const server = await listen(t, stores, ARGS);
  await server.open();
  const [client, other] = [await connect(server.chatUrl, 1), await connect(server.chatUrl, 3)];
  const ids = Array.from({ length: 2_000 }, (_, i) => `m${i}`);
  sendMany(
    client,
    ids.map((id) => ({ type: "send", id, to: 2, text: "x", resend: true })),
  );
  for (const id of ids.slice(LIMITS.reads)) {
    const error = await client.next("error");
    assert.deepEqual([error.id, error.code, error.retryable], [id, "OVERLOADED", true]);
  }
  // One message asks each of its shards.
  assert.equal(reads.most, stores.length);
  client.send({ type: "history", id: "a page", with: 2 });
  assert.deepEqual((await client.next("error")).code, "OVERLOADED", "reads of any kind share the queue");
  // Another connection has its own.
  other.send({ type: "history", id: "h", with: 2 });
  await other.settle();
  reads.letGo();
  await other.next("history");
  for (const id of ids.slice(0, LIMITS.reads)) assert.equal((await client.next("ack")).id, id);
  // There is room again.
  client.send({ type: "send", id: "later", to: 2, text: "x", resend: true });
  assert.equal((await client.next("ack")).id, "later");
});

test("pages and first tries are answered in the order in which they were asked for", async (t) => {
  const { stores, reads } = heldStores();
  reads.letGo();
  const server = await listen(t, stores, ARGS);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
  const pages: string[] = [];
  client.send(...ids.map((id) => ({ type: "history", id, with: 2 })));
  for (const id of ids) pages.push((await client.next("history", (frame) => frame.id === id)).id);
  assert.deepEqual(pages, ids);
});

test("what a connection still waits for is dropped with it", async (t) => {
  let asked = 0;
  const gate = Promise.withResolvers<void>();
  const history = async () => {
    asked++;
    await gate.promise;
    return { rows: [], epoch: 1, floor: null };
  };
  const server = await listen(t, [scripted({ history })]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  client.send(...Array.from({ length: 100 }, (_, i) => ({ type: "history", id: `${i}`, with: 2 })));
  await client.settle();
  client.socket.terminate();
  await untilMetric(server.url, "chat_connections", (count) => count === 0);
  gate.resolve();
  await server.chat.stop(20_000);
  assert.equal(asked, 1);
});
