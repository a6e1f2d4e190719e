import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { ALL_INSERTED, StoreError, type Inserted, type ShardStore } from "../../server/shards/contract.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { memoryStore } from "../support/memory-store.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { scripted, scriptedSession } from "../support/scripted-store.ts";
import { tokenOf } from "../support/token.ts";

test("while it starts it is not ready and refuses chat; then it is; while it stops it is not", async (t) => {
  const opening = Promise.withResolvers<void>();
  const stopping = Promise.withResolvers<void>();
  const store = scripted({
    open: () => opening.promise.then(() => ({ crashSafe: true, settings: "" })),
    async insert() {
      await stopping.promise;
      return ALL_INSERTED;
    },
  });
  const server = await listen(t, [store]);
  const ready = async () => {
    const { statusCode, body } = await server.app.inject("/readyz");
    return [statusCode, (JSON.parse(body) as { status: string }).status];
  };
  const opened = server.open();
  assert.deepEqual(await ready(), [503, "starting"]);
  const early = new WebSocket(server.chatUrl);
  const [status, body] = await new Promise<[number | undefined, string]>((resolve) => {
    early.on("unexpected-response", (_request, response) => {
      response.on("data", (text: Buffer) => resolve([response.statusCode, text.toString()]));
    });
  });
  assert.deepEqual([status, (JSON.parse(body) as { code: string }).code], [503, "SHARD_UNAVAILABLE"]);

  opening.resolve();
  await opened;
  assert.deepEqual(await ready(), [200, "ready"]);
  const client = await connect(server.chatUrl, 1);
  client.send({ type: "send", id: "under way", to: 2, text: "x" });
  await client.settle();

  const stopped = server.chat.stop(10_000);
  assert.deepEqual(await ready(), [503, "stopping"]);
  client.send({ type: "send", id: "too late", to: 2, text: "x" });
  const refused = await client.next("error");
  assert.deepEqual([refused.id, refused.code], ["too late", "SHUTTING_DOWN"]);
  const newcomer = await connect(server.chatUrl, 2, { hello: "none" });
  assert.equal((await newcomer.closed).code, 4100);
  assert.equal(client.socket.readyState, WebSocket.OPEN, "it waits for its ack");
  stopping.resolve();
  assert.equal((await client.next("ack")).id, "under way");
  await stopped;
  assert.equal((await client.closed).code, 4100);
});

test("a stop does not wait for ever: after --drain-ms the clients are told all the same", async (t) => {
  const never = Promise.withResolvers<Inserted>();
  const server = await listen(t, [scripted({ insert: () => never.promise })]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  client.send({ type: "send", id: "1", to: 2, text: "x" });
  await client.settle();
  await server.chat.stop(20);
  assert.equal((await client.closed).code, 4100);
  never.resolve(ALL_INSERTED);
});

test("a failed commit answers every row, counts them, and the shard comes back by itself", async (t) => {
  const failing = Promise.withResolvers<Inserted>();
  let isDown = true;
  const store = scripted({
    insert: () => (isDown ? failing.promise : Promise.resolve(ALL_INSERTED)),
    ping: () => (isDown ? Promise.reject(new StoreError("still down", false)) : Promise.resolve()),
  });
  const server = await listen(t, [store], ["--group-rows", "3"]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  client.send(...Array.from({ length: 10 }, (_, i) => ({ type: "send", id: `${i}`, to: 2, text: "secret words" })));
  await client.settle();
  failing.reject(new StoreError("the disk is gone", true));
  for (let i = 0; i < 10; i++) {
    const error = await client.next("error");
    assert.deepEqual([error.id, error.code, error.retryable], [`${i}`, "SHARD_UNAVAILABLE", true]);
  }
  const page = await scrape(server.url);
  const count = (series: string) => metricValue(page, series);
  assert.equal(count('chat_messages_total{shard="00",result="failed"}'), 3, "these may be stored");
  assert.equal(count('chat_messages_total{shard="00",result="refused"}'), 7, "these waited behind");
  assert.equal(count('chat_stage_duration_seconds_count{stage="queue"}'), 10);
  assert.equal(count('chat_writer_busy_seconds_total{shard="00"}'), server.shards.all()[0]!.writer.totals().seconds);
  assert.equal(metricValue(page, 'chat_shard_operations_total{shard="00",op="insert",result="failed"}'), 1);
  assert.equal(metricValue(page, 'chat_stage_duration_seconds_count{stage="commit"}'), 0);
  assert.equal((await server.app.inject("/readyz")).statusCode, 503, "it was the only one");
  isDown = false;
  // It tries by itself; asking is the only way to know.
  while ((await server.app.inject("/readyz")).statusCode !== 200) await delay(10);
  client.send({ type: "send", id: "9", to: 2, text: "x", resend: true });
  assert.equal((await client.next("ack")).id, "9");
  const log = server.log.join("");
  assert.match(log, /the disk is gone.*shard 00 is down/);
  assert.match(log, /shard 00 is up/);
  assert.doesNotMatch(log, /secret words/);
});

test("a resend that may belong to another shard waits for the first try that is not committed yet", async (t) => {
  const commit = Promise.withResolvers<void>();
  const stores = [memoryStore(), memoryStore()];
  const held = stores.map((store): ShardStore => ({
    ...store,
    async insert(...batch) {
      await commit.promise;
      return store.insert(...batch);
    },
  }));
  const server = await listen(t, held, ["--placement", "time-bucket"]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  client.send({ type: "send", id: "m", to: 2, text: "x" }, { type: "send", id: "m", to: 2, text: "x", resend: true });
  await client.settle();
  commit.resolve();
  const [first, again] = [await client.next("ack"), await client.next("ack")];
  assert.equal(again.message, first.message);
  assert.equal(stores.flatMap(({ rows }) => rows).length, 1);
});

const broken = () => Promise.reject(new TypeError("a bug"));

test("what nobody foresaw is answered INTERNAL and logged, and the connection goes on", async (t) => {
  const server = await listen(t, [scripted({ history: broken })]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  client.send({ type: "history", id: "h", with: 2 });
  const error = await client.next("error");
  assert.deepEqual([error.id, error.code, error.retryable], ["h", "INTERNAL", true]);
  assert.doesNotMatch(error.message, /bug/);

  const authorization = `Bearer ${tokenOf(1)}`;
  const http = await server.app.inject({ url: "/v1/dialogs/1_2/messages", headers: { authorization } });
  assert.equal(http.statusCode, 500);
  assert.equal((JSON.parse(http.body) as { code: string }).code, "INTERNAL");
  assert.equal(server.log.filter((line) => line.includes("a bug")).length, 2);
  await client.settle();
  assert.equal(metricValue(await scrape(server.url), 'chat_errors_total{code="INTERNAL"}'), 2);
});

const FUTURE = (1n << 62n).toString();

/** A shard that closes below that id what it is asked to store. */
function closedShard(): ShardStore {
  return scripted({
    async open(onConnect) {
      await onConnect(scriptedSession(FUTURE));
      return { crashSafe: false, settings: "" };
    },
  });
}

test("a shard that comes up later takes nothing below what it is closed to", async (t) => {
  let isThere = false;
  const store = closedShard();
  const late = scripted({
    open: (...opening) => (isThere ? store.open(...opening) : Promise.reject(new StoreError("not there", false))),
  });
  const server = await listen(t, [late]);
  await server.open();
  assert.equal((await server.app.inject("/readyz")).statusCode, 503);
  isThere = true;
  while ((await server.app.inject("/readyz")).statusCode !== 200) await delay(10);
  const client = await connect(server.chatUrl, 1);
  client.send({ type: "send", id: "1", to: 2, text: "x" });
  assert.ok(BigInt((await client.next("ack")).message) >= BigInt(FUTURE));
});

test("ids go on above what a shard is closed to, also when the wall clock was set back", async (t) => {
  const server = await listen(t, [scripted(), closedShard()]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  client.send({ type: "send", id: "1", to: 2, text: "x" });
  assert.ok(BigInt((await client.next("ack")).message) >= BigInt(FUTURE));
});
