import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALL_INSERTED, type MessageRow } from "../../server/shards/contract.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape, untilMetric } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";
import { startServer } from "../support/server.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const TEXT = "z".repeat(4_096);

/** Resident memory of a process, MB. */
function residentMb(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb) / 1_024;
}

/** Sends in batches of 50, each when the last is acknowledged. */
async function sendMany(client: ChatClient, to: number, count: number, prefix: string): Promise<void> {
  for (let sent = 0; sent < count; sent += 50) {
    client.send(
      ...Array.from({ length: 50 }, (_, i) => ({ type: "send", id: `${prefix}${sent + i}`, to, text: TEXT })),
    );
    for (let i = 0; i < 50; i++) await client.next("ack");
  }
}

test("readers who do not read are disconnected before they cost memory, and nobody else feels it", async (t) => {
  const DEAF = 16;
  const server = await startServer({ args: ["--shards", "1"] });
  t.after(() => server.stop());
  const author = await connect(server.chat, 1);
  const reader = await connect(server.chat, 2);
  await sendMany(author, 2, 500, "warm-");
  for (let i = 0; i < 500; i++) await reader.next("message");

  const deaf = await Promise.all(Array.from({ length: DEAF }, () => connect(server.chat, 2)));
  for (const { socket } of deaf) socket.pause();
  const before = residentMb(server.pid);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMb(server.pid))), 10);
  // 16 MB for each of them, of which the system's own buffers hold a part.
  await sendMany(author, 2, 4_000, "flood-");
  await untilMetric(server.url, 'chat_errors_total{code="SLOW_READER"}', (count) => count === DEAF);
  clearInterval(watch);
  assert.ok(most - before < 100, `${before.toFixed()} MB grew to ${most.toFixed()} MB`);

  for (let i = 0; i < 4_000; i++) assert.equal((await reader.next("message")).client, `flood-${i}`);
  await untilMetric(server.url, "chat_connections", (count) => count === 2);
  for (const { socket } of deaf) socket.terminate();
});

/** Tries of what must be done before the server's own patience with a closing peer, two seconds, is over. */
const TRIES = 5;

test("a slow reader who reads again in time finds why it was disconnected", async (t) => {
  const server = await startServer({ args: ["--shards", "1"] });
  t.after(() => server.stop());
  const author = await connect(server.chat, 1);
  const cuts = async () => metricValue(await scrape(server.url), 'chat_errors_total{code="SLOW_READER"}');
  for (let left = TRIES; ; left--) {
    const slow = await connect(server.chat, 2);
    slow.socket.pause();
    const before = await cuts();
    for (let batch = 0; (await cuts()) === before; batch++) {
      assert.ok(batch < 200, "it holds 40 MB");
      await sendMany(author, 2, 50, `t${left}b${batch}-`);
    }
    slow.socket.resume();
    const end = await slow.closed;
    // 1006: this busy machine was too late, and the server had hung up.
    if (end.code === 1006 && left > 1) continue;
    assert.deepEqual(end, { code: 4101, reason: "SLOW_READER" });
    assert.ok(slow.untaken().length > 0, "what was sent before has come");
    return;
  }
});

test("a shard whose queue is full answers OVERLOADED at once, stores nothing of it, and takes the retry", async (t) => {
  const commit = Promise.withResolvers<void>();
  const stored: MessageRow[] = [];
  const store = scripted({
    async insert(rows) {
      await commit.promise;
      stored.push(...rows);
      return ALL_INSERTED;
    },
    history: async () => ({ rows: stored, epoch: 1, floor: null }),
  });
  const server = await listen(t, [store], ["--group-rows", "10", "--queue-rows", "20"]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  const sends = Array.from({ length: 50 }, (_, i) => ({ type: "send", id: `m${i}`, to: 2, text: "x" }));
  client.send(...sends);
  const refused: string[] = [];
  for (let i = 0; i < 30; i++) {
    const error = await client.next("error");
    assert.deepEqual([error.code, error.retryable], ["OVERLOADED", true]);
    refused.push(error.id!);
  }
  assert.deepEqual(
    refused,
    sends.slice(20).map(({ id }) => id),
  );
  assert.deepEqual(client.untaken(), [], "no commit was waited for");
  // The first ten are being committed, ten wait.
  assert.equal(metricValue(await scrape(server.url), 'chat_writer_queue_rows{shard="00"}'), 10);
  commit.resolve();
  for (let i = 0; i < 20; i++) assert.equal((await client.next("ack")).id, `m${i}`);
  client.send({ type: "history", id: "h", with: 2 });
  assert.equal((await client.next("history")).messages.length, 20);
  client.send({ ...sends[20], resend: true });
  assert.equal((await client.next("ack")).id, "m20");
  const page = await scrape(server.url);
  assert.equal(metricValue(page, 'chat_messages_total{shard="00",result="refused"}'), 30);
  assert.equal(metricValue(page, 'chat_messages_total{shard="00",result="stored"}'), 21);
  assert.equal(metricValue(page, 'chat_errors_total{code="OVERLOADED"}'), 30);
  assert.equal(metricValue(page, 'chat_writer_queue_rows{shard="00"}'), 0);
});

/** As long as ids may be. */
const id = (i: number) => `${i}-`.padEnd(64, "x");

test("the queue is bounded in bytes too, and one row of the longest text always fits", async (t) => {
  const server = await startServer({ args: ["--shards", "1?commitMs=100", "--queue-bytes", "16384"] });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1);
  client.send(...[0, 1, 2].map((i) => ({ type: "send", id: id(i), to: Number.MAX_SAFE_INTEGER, text: TEXT })));
  const errors = [await client.next("error"), await client.next("error")];
  assert.deepEqual(
    errors.map((error) => [error.id, error.code]),
    [1, 2].map((i) => [id(i), "OVERLOADED"]),
  );
  assert.equal((await client.next("ack")).id, id(0));
});

test("a connection that sends faster than --rate-limit is told so, frame by frame; others are not", async (t) => {
  const server = await startServer({ args: ["--shards", "1", "--rate-limit", "5"] });
  t.after(() => server.stop());
  const [hasty, calm] = [await connect(server.chat, 1), await connect(server.chat, 2)];
  hasty.send(...Array.from({ length: 9 }, (_, i) => ({ type: "ping", id: `p${i}` })));
  for (let i = 0; i < 5; i++) assert.equal((await hasty.next("pong")).id, `p${i}`);
  for (let i = 5; i < 9; i++) {
    const error = await hasty.next("error");
    assert.deepEqual([error.id, error.code, error.retryable], [`p${i}`, "RATE_LIMITED", true]);
  }
  await calm.settle();
});

test("a reader who takes nothing for --unread-ms is closed, however little waits for it", async (t) => {
  const clock = virtualClock();
  const args = ["--unread-bytes", "1000000000", "--ping-ms", "0"];
  const server = await listen(t, [scripted()], args, { clock });
  await server.open();
  const [author, deaf] = [await connect(server.chatUrl, 1), await connect(server.chatUrl, 2)];
  deaf.socket.pause();
  const cut = async () => metricValue(await scrape(server.url), 'chat_errors_total{code="SLOW_READER"}') === 1;
  for (let batch = 0; !(await cut()); batch++) {
    assert.ok(batch < 200, "it holds 40 MB");
    await sendMany(author, 2, 50, `b${batch}-`);
    // Nothing happens as long as the kernel takes what is sent.
    await clock.advance(30_001);
  }
  deaf.socket.resume();
  assert.deepEqual(await deaf.closed, { code: 4101, reason: "SLOW_READER" });
});
