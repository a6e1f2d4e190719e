import assert from "node:assert/strict";
import { test } from "node:test";
import { createHub } from "../../server/fabric/in-process.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { memoryStore } from "../support/memory-store.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { NO_GUARD } from "../support/no-guard.ts";

const TEXTS = ["plain", 'ümläut 👩 " \\ \n', "x".repeat(4_096), "ü".repeat(4_096)];

const send = (text: string, i: number) => ({ type: "send", id: `${i}`, to: 2, text });

async function textsOf(client: ChatClient): Promise<unknown[]> {
  const texts: unknown[] = [];
  for (const _ of TEXTS) texts.push((await client.next("message")).text);
  return texts;
}

test("every connection of a reader and of the author gets each message, alone or with others, as it was sent", async (t) => {
  const server = await listen(t, [memoryStore()]);
  await server.open();
  const author = await connect(server.chatUrl, 1);
  const others = await Promise.all([1, 1, 2, 2, 2, 2, 2].map((user) => connect(server.chatUrl, user)));
  // All in one turn, and then each alone.
  author.send(...TEXTS.map(send));
  for (const client of others) assert.deepEqual(await textsOf(client), TEXTS);
  for (const [i, text] of TEXTS.entries()) {
    author.send(send(text, i + 100));
    for (const client of others) assert.equal((await client.next("message")).text, text);
  }
  const page = await scrape(server.url);
  assert.equal(metricValue(page, "chat_delivery_fanout_sum"), 7 * 2 * TEXTS.length);
  assert.equal(metricValue(page, "chat_recipients_offline_total"), 0);
});

test("a reader who is connected to another node, and the author's other device there, get it once", async (t) => {
  const hub = createHub(NO_GUARD);
  const shard = memoryStore();
  const one = await listen(t, [shard], [], { fabric: hub.join() });
  const two = await listen(t, [shard], [], { fabric: hub.join() });
  await Promise.all([one.open(), two.open()]);
  const author = await connect(one.chatUrl, 1);
  const device = await connect(two.chatUrl, 1);
  const [near, far] = [await connect(one.chatUrl, 2), await connect(two.chatUrl, 2)];
  author.send(...TEXTS.map(send));
  for (const client of [near, far, device]) assert.deepEqual(await textsOf(client), TEXTS);
  for (const client of [author, near, far, device]) {
    await client.settle();
    assert.deepEqual(
      client.untaken().filter(({ type }) => type === "message"),
      [],
      "nothing twice, and no echo",
    );
  }
});
