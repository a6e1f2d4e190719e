import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape, untilMetric } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";
import { signToken } from "../support/token.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const PING_MS = 20_000;
/** Does not end while virtual hours pass. */
const token = (user: number) => signToken({ sub: String(user) });

/** A client of a few bytes: it says hello in the header, reads, and answers nothing. */
async function mute(url: string, user: number): Promise<Socket> {
  const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
  socket.write(
    `GET /chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token(user)}\r\n` +
      "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  let answer = "";
  while (!answer.includes('"welcome"')) answer += String(((await once(socket, "data")) as [Buffer])[0]);
  socket.resume();
  return socket;
}

test("who answers no pings is ended after two, and off line; who answers stays, silent or not", async (t) => {
  const clock = virtualClock();
  const server = await listen(t, [scripted()], [], { clock });
  await server.open();
  const author = await connect(server.chatUrl, 1, { token: token(1) });
  // One answers nothing, one is a client whose program hangs: the bytes stay in the kernel, as with a dead peer.
  const silent = await mute(server.url, 2);
  const hung = await connect(server.chatUrl, 3, { token: token(3) });
  hung.socket.pause();
  const healthy = await connect(server.chatUrl, 4, { token: token(4) });
  const offline = async () => metricValue(await scrape(server.url), "chat_recipients_offline_total");
  const send = async (id: string, to: number) => {
    author.send({ type: "send", id, to, text: "x" });
    assert.equal((await author.next("ack")).id, id);
  };

  for (let beat = 0; beat < 2; beat++) {
    await clock.advance(PING_MS);
    // The pong of the healthy one has come when the answer to what follows it has.
    await author.settle();
  }
  for (const to of [2, 3, 4]) await send(`early ${to}`, to);
  assert.equal(await offline(), 0, "two pings are out, and may be answered yet");

  const gone = once(silent, "close");
  await clock.advance(PING_MS);
  for (const to of [2, 3, 4]) await send(`late ${to}`, to);
  assert.equal(await offline(), 2);
  assert.equal((await healthy.next("message", ({ client }) => client === "late 4")).from, 1);
  assert.equal(metricValue(await scrape(server.url), 'chat_errors_total{code="UNRESPONSIVE"}'), 2);
  await gone;
  await untilMetric(server.url, "chat_connections", (count) => count === 2);

  // It reads again, and finds out.
  hung.socket.resume();
  assert.ok([1006, 4102].includes((await hung.closed).code));
  for (let beat = 0; beat < 10; beat++) {
    await clock.advance(PING_MS);
    await author.settle();
  }
  assert.equal(healthy.socket.readyState, WebSocket.OPEN);
});

test("a client that answers no pings but reads is told why it is closed", async (t) => {
  const clock = virtualClock();
  const server = await listen(t, [scripted()], ["--ping-ms", "1000"], { clock });
  await server.open();
  const socket = new WebSocket(server.chatUrl, { autoPong: false, headers: { authorization: `Bearer ${token(1)}` } });
  const [welcome] = (await once(socket, "message")) as [Buffer];
  assert.equal((JSON.parse(String(welcome)) as { limits: { pingMs: number } }).limits.pingMs, 1_000);
  const closed = once(socket, "close");
  await clock.advance(3_000);
  const [code, reason] = (await closed) as [number, Buffer];
  assert.deepEqual([code, String(reason)], [4102, "UNRESPONSIVE"]);
});

/** A port of loopback as the kernel writes it. */
const address = (port: number) => `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
const KERNEL = "/proc/net/tcp";
const skip = existsSync(KERNEL) ? false : `needs ${KERNEL}`;

test("the kernel watches over every connection, of HTTP too", { skip }, async (t) => {
  const server = await listen(t, [scripted()]);
  const own = Number(new URL(server.url).port);
  const socket = createConnection(own, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "data");
  const timer = () => {
    const rows = readFileSync(KERNEL, "utf8").split("\n");
    const cells = rows.map((line) => line.trim().split(/\s+/));
    return cells.find(([, from, to]) => from === address(own) && to === address(socket.localPort!))![5]!;
  };
  // 02 is the keep-alive timer, 01 one of what the peer has not acknowledged yet, which ends by itself
  // (Linux, Documentation/networking/proc_net_tcp.rst).
  while (timer().startsWith("01:")) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(timer(), /^02:/);
  socket.destroy();
});
