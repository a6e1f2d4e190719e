import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { connect } from "../support/chat-client.ts";
import { metricValue, scrape, untilMetric } from "../support/metrics.ts";
import { startServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const ROUNDS = 20;
const BATCH = 50;

test("fifty scrapers, one that hangs and wrong admin tokens are counted, and the chat notices nothing", async (t) => {
  const server = await startServer({ args: ["--shards", "16"] });
  t.after(() => server.stop());
  const [ann, bob] = [await connect(server.chat, 1), await connect(server.chat, 2)];

  // More pages than the kernel takes for a peer that reads none.
  const hung = connectTcp(Number(new URL(server.url).port), "127.0.0.1").pause();
  hung.on("error", () => undefined);
  await once(hung, "connect");
  hung.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(300));
  t.after(() => hung.destroy());

  const chat = new AbortController();
  const scrapers = Array.from({ length: 50 }, async () => {
    let pages = 0;
    for (; !chat.signal.aborted; pages++) assert.match(await scrape(server.url), /^chat_shards 16$/mu);
    return pages;
  });
  const strangers = async (token: string, status: number) => {
    let asked = 0;
    for (; !chat.signal.aborted; asked++) {
      const answer = await fetch(`${server.url}/v1/hot`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, status);
      await answer.text();
    }
    return asked;
  };
  const wrong = [strangers("nonsense", 401), strangers(tokenOf(3), 403)];
  for (let round = 0; round < ROUNDS; round++) {
    ann.send(...Array.from({ length: BATCH }, (_, i) => ({ type: "send", id: `${round}-${i}`, to: 2, text: "x" })));
    for (let i = 0; i < BATCH; i++) await ann.next("ack");
    for (let i = 0; i < BATCH; i++) await bob.next("message");
  }
  chat.abort();
  const pages = (await Promise.all(scrapers)).reduce((sum, count) => sum + count, 0);
  const [forged, weak] = await Promise.all(wrong);
  await untilMetric(server.url, 'chat_scrapes_total{result="aborted"}', (value) => value >= 1);
  const page = await scrape(server.url);
  assert.ok(metricValue(page, 'chat_scrapes_total{result="sent"}') >= pages);
  assert.equal(metricValue(page, 'chat_errors_total{code="UNAUTHENTICATED"}'), forged);
  assert.equal(metricValue(page, 'chat_errors_total{code="FORBIDDEN"}'), weak);
  assert.equal(metricValue(page, "chat_connections"), 2);
});
