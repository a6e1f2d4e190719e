import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createConnection, type Socket } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import { HELLO_BYTES } from "../../server/protocol/frames.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape, untilMetric } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";
import { tokenOf } from "../support/token.ts";
import { virtualClock } from "../support/virtual-clock.ts";

/** What an upgrade that is refused is answered with. */
async function refusal(chat: string, headers: Record<string, string> = {}): Promise<[number | undefined, string]> {
  const socket = new WebSocket(chat, { headers });
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  const [body] = (await once(response, "data")) as [Buffer];
  return [response.statusCode, (JSON.parse(String(body)) as { code: string }).code];
}

const TOO_MANY = [503, "TOO_MANY_CONNECTIONS"] as const;

test("connections are bounded in all: one more is refused at the upgrade, and taken when another has gone", async (t) => {
  const server = await listen(t, [scripted()], ["--connections", "2"]);
  await server.open();
  const first = await connect(server.chatUrl, 1);
  const second = await connect(server.chatUrl, 2, { hello: "header" });
  for (const user of [3, 4]) {
    assert.deepEqual(await refusal(server.chatUrl, { authorization: `Bearer ${tokenOf(user)}` }), TOO_MANY);
  }
  assert.deepEqual(await refusal(server.chatUrl), TOO_MANY);
  assert.equal(metricValue(await scrape(server.url), 'chat_errors_total{code="TOO_MANY_CONNECTIONS"}'), 3);
  await first.close();
  await untilMetric(server.url, "chat_connections", (count) => count === 1);
  await (await connect(server.chatUrl, 3)).settle();
  await second.settle();
});

test("connections of a user are bounded: one more is told so and closed with 4103", async (t) => {
  const server = await listen(t, [scripted()], ["--user-connections", "2"]);
  await server.open();
  const own = [await connect(server.chatUrl, 1), await connect(server.chatUrl, 1)];
  for (const hello of ["frame", "header"] as const) {
    const third = await connect(server.chatUrl, 1, { hello, welcome: false });
    const error = await third.next("error");
    assert.deepEqual([error.code, error.retryable], ["TOO_MANY_CONNECTIONS", true]);
    assert.deepEqual(await third.closed, { code: 4103, reason: "TOO_MANY_CONNECTIONS" });
  }
  await (await connect(server.chatUrl, 2)).settle();
  await own[0]!.close();
  await untilMetric(server.url, 'chat_connections_by_state{state="open"}', (count) => count === 2);
  await (await connect(server.chatUrl, 1)).settle();
  await own[1]!.settle();
});

test("connections without a hello are bounded; a token in the header needs no such place", async (t) => {
  const server = await listen(t, [scripted()], ["--greetings", "2"]);
  await server.open();
  const silent = [
    await connect(server.chatUrl, 1, { hello: "none" }),
    await connect(server.chatUrl, 2, { hello: "none" }),
  ];
  assert.deepEqual(await refusal(server.chatUrl), TOO_MANY);
  await (await connect(server.chatUrl, 3, { hello: "header" })).settle();
  silent[0]!.send({ type: "hello", token: tokenOf(1) });
  await silent[0]!.next("welcome");
  await (await connect(server.chatUrl, 4)).settle();
  // One that is refused gives its place back at once, though its peer has not gone.
  silent[1]!.send({ type: "hello", token: "no token" });
  await silent[1]!.next("error");
  await (await connect(server.chatUrl, 5)).settle();
});

/** A text frame of a client, its mask 0, of which only the beginning is sent. */
function halfFrame(length: number): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(0x80 | 127, 1);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

async function upgraded(url: string): Promise<Socket> {
  const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
  socket.write(
    "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}

test("a peer that has not said who it is sends 16 KiB at most: then it is cut off, before its message is whole", async (t) => {
  const server = await listen(t, [scripted()]);
  await server.open();
  const socket = await upgraded(server.url);
  let told = "";
  socket.on("data", (data: Buffer) => (told += data.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(Buffer.concat([halfFrame(500_000), Buffer.alloc(HELLO_BYTES + 1, "x")]));
  await once(socket, "close");
  assert.match(told, /"code":"TOO_LARGE"/);
  // The close frame's code, 1009.
  assert.ok(told.includes("\u0003\u00f1TOO_LARGE"), told);

  const whole = await connect(server.chatUrl, 1, { hello: "none" });
  whole.socket.send(" ".repeat(HELLO_BYTES));
  const code = await Promise.race([whole.next("error").then((error) => error.code), whole.closed.then(() => "closed")]);
  assert.ok(["BAD_FRAME", "TOO_LARGE"].includes(code));
});

test("after hello a message may be as large as the limits say, also when it comes in the same read", async (t) => {
  const server = await listen(t, [scripted()]);
  await server.open();
  const client = await connect(server.chatUrl, 1, { hello: "none" });
  const pings = Array.from({ length: 200 }, (_, i) => ({
    type: "ping",
    id: `${i}`.padEnd(60, "x"),
    pad: "y".repeat(300),
  }));
  client.send({ type: "hello", token: tokenOf(1) });
  client.send(...pings);
  await client.next("welcome");
  for (const { id } of pings) assert.equal((await client.next("pong")).id, id);
});

test("rejected frames count against --rate-limit, all that their message holds", async (t) => {
  const server = await listen(t, [scripted()], ["--rate-limit", "5"], { clock: virtualClock() });
  await server.open();
  const codes = async (messages: readonly string[]) => {
    const client = await connect(server.chatUrl, 1);
    for (const message of messages) client.socket.send(message);
    const answers: (string | undefined)[][] = [];
    for (const _ of messages) {
      const { code, id } = await client.next("error");
      answers.push(id === undefined ? [code] : [code, id]);
    }
    await client.close();
    return answers;
  };
  const bad = ["BAD_FRAME"];
  assert.deepEqual(await codes(["no JSON", "5", "[]", "{}", "null", "no JSON"]), [
    bad,
    bad,
    bad,
    bad,
    bad,
    ["RATE_LIMITED"],
  ]);
  const five = JSON.stringify(Array.from({ length: 5 }, (_, i) => ({ type: "send", id: `${i}`, to: 0, text: "x" })));
  assert.deepEqual(await codes([five, five]), [
    ["BAD_FRAME", "0"],
    ["RATE_LIMITED", "0"],
  ]);
});
