import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection } from "node:net";
import { after, before, test } from "node:test";
import { LIMITS } from "../../server/protocol/frames.ts";
import type { ErrorCode } from "../../server/protocol/errors.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { nowS, signToken, tokenOf } from "../support/token.ts";

let server: TestServer;
let bystanders: { ann: ChatClient; bob: ChatClient };
before(async () => {
  server = await startServer({ args: ["--shards", "1", "--hello-ms", "1500"] });
  bystanders = { ann: await connect(server.chat, 1_001), bob: await connect(server.chat, 1_002) };
});
after(() => server.stop());

let talked = 0;
/** Two who chat through all of it. */
async function bystandersChat(): Promise<void> {
  const id = `bystander-${++talked}`;
  bystanders.ann.send({ type: "send", id, to: 1_002, text: id });
  assert.equal((await bystanders.ann.next("ack")).id, id);
  assert.equal((await bystanders.bob.next("message")).text, id);
}

const good = { type: "send", id: "good", to: 2, text: "never stored" };
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const over = 2 ** 53;

/** What is rejected with BAD_FRAME while the connection goes on. */
const BAD_FRAMES: Readonly<Record<string, string | object>> = {
  "no JSON": "hello there",
  "an empty message": "",
  "cut JSON": '{"type":"send","id":"1"',
  "a number": "5",
  null: "null",
  "a string": '"send"',
  "an empty array": [],
  "an array in an array": [[good]],
  "257 frames": Array.from({ length: LIMITS.frames + 1 }, (_, i) => ({ ...good, id: `n${i}` })),
  "100,000 nested arrays": nested(100_000),
  "100,000 nested arrays in a text": `{"type":"send","id":"1","to":2,"text":${nested(100_000)}}`,
  "100,000 nested objects": `{"type":"send","id":"1","to":2,"text":${'{"":'.repeat(100_000)}1${"}".repeat(100_000)}}`,
  "no type": { id: "1", to: 2, text: "x" },
  "an unknown type": { ...good, type: "shout" },
  "a type of a prototype": { ...good, type: "constructor" },
  "a type that is no string": { ...good, type: ["send"] },
  "no text": { ...good, text: undefined },
  "a text of 0 characters": { ...good, text: "" },
  "a text of 4,097 characters": { ...good, text: "x".repeat(4_097) },
  "a text that is a number": { ...good, text: 5 },
  "a lone high surrogate in the text": '{"type":"send","id":"1","to":2,"text":"a\\ud800b"}',
  "a lone low surrogate in the text": '{"type":"send","id":"1","to":2,"text":"\\udc00"}',
  "a lone surrogate in the id": '{"type":"send","id":"\\udbff","to":2,"text":"x"}',
  "no id": { ...good, id: undefined },
  "an empty id": { ...good, id: "" },
  "an id of 65 characters": { ...good, id: "x".repeat(65) },
  "an id that is a number": { ...good, id: 1 },
  "no recipient": { ...good, to: undefined },
  "recipient null": { ...good, to: null },
  "recipient 0": { ...good, to: 0 },
  "a negative recipient": { ...good, to: -2 },
  "a fraction of a recipient": { ...good, to: 2.5 },
  "recipient 2^53": { ...good, to: over },
  "recipient 1e400": '{"type":"send","id":"1","to":1e400,"text":"x"}',
  "a recipient that is a string": { ...good, to: "2" },
  "user and group at once": { ...good, group: 3 },
  "group 0": { ...good, to: undefined, group: 0 },
  oneself: { ...good, to: 1 },
  "a resend that is no boolean": { ...good, resend: "yes" },
  "history with oneself": { type: "history", id: "1", with: 1 },
  "history with nobody": { type: "history", id: "1" },
  "history before a word": { type: "history", id: "1", with: 2, before: "now" },
  "history before a number": { type: "history", id: "1", with: 2, before: 5 },
  "history before 2^63": { type: "history", id: "1", with: 2, before: "9223372036854775808" },
  "history of 0 messages": { type: "history", id: "1", with: 2, limit: 0 },
  "history of 201 messages": { type: "history", id: "1", with: 2, limit: 201 },
  "a ping without an id": { type: "ping" },
  "a hello without a token": { type: "hello" },
  "a hello among others": [{ type: "hello", token: tokenOf(1) }, good],
  "hello twice": { type: "hello", token: tokenOf(1) },
  "one bad frame among good ones": [good, { ...good, id: "good2" }, { ...good, text: "" }],
};

test("what the protocol does not allow is rejected whole, the connection goes on, and nobody else notices", async () => {
  const client = await connect(server.chat, 1);
  for (const [what, content] of Object.entries(BAD_FRAMES)) {
    client.socket.send(typeof content === "string" ? content : JSON.stringify(content));
    const error = await client.next("error");
    assert.deepEqual([error.code, error.retryable], ["BAD_FRAME", false], what);
    assert.ok(error.message.length < 200, `${what}: the answer repeats no input`);
    await bystandersChat();
  }
  client.send({ type: "history", id: "h", with: 2 });
  assert.deepEqual((await client.next("history")).messages, [], "nothing of it was stored");
  assert.deepEqual(client.untaken(), [], "each got one answer");
  const count = metricValue(await scrape(server.url), 'chat_errors_total{code="BAD_FRAME"}');
  assert.ok(count >= Object.keys(BAD_FRAMES).length);
  await client.close();
});

test("the error carries the id of the frame at fault, where it has one", async () => {
  const client = await connect(server.chat, 1);
  client.send(good, { ...good, id: "at-fault", text: "" });
  assert.equal((await client.next("error")).id, "at-fault");
  client.send({ ...good, id: 5 });
  assert.equal((await client.next("error")).id, undefined);
  await client.close();
});

test("bytes that are no frames close the connection with the RFC's code", async () => {
  const cases: [what: string, close: number, code: ErrorCode | null, send: (client: ChatClient) => void][] = [
    ["a binary message", 1003, "BAD_FRAME", ({ socket }) => socket.send(Buffer.from("{}"))],
    ["a message of 1 MiB", 1009, "TOO_LARGE", ({ socket }) => socket.send("x".repeat(1_048_576))],
    ["a valid message of more bytes than allowed", 1009, "TOO_LARGE", ({ socket }) => socket.send(large())],
    ["a message of 3 MiB", 1009, null, ({ socket }) => socket.send("x".repeat(3 * 1_048_576))],
    [
      "invalid UTF-8",
      1007,
      null,
      ({ socket }) => socket.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]), { binary: false }),
    ],
    [
      "a surrogate in UTF-8",
      1007,
      null,
      ({ socket }) => socket.send(Buffer.from([0xed, 0xa0, 0x80]), { binary: false }),
    ],
  ];
  for (const [what, close, code, send] of cases) {
    const client = await connect(server.chat, 1);
    send(client);
    // What comes after it is not looked at.
    client.send(good);
    if (code !== null) assert.equal((await client.next("error")).code, code, what);
    assert.equal((await client.closed).code, close, what);
    await bystandersChat();
  }
  const page = await scrape(server.url);
  assert.equal(metricValue(page, 'chat_errors_total{code="TOO_LARGE"}'), 3);
  const client = await connect(server.chat, 1);
  client.send({ type: "history", id: "h", with: 2 });
  assert.deepEqual((await client.next("history")).messages, []);
  await client.close();
});

/** 256 valid frames, together above the limit in bytes. */
function large(): string {
  const text = "x".repeat(LIMITS.text);
  return JSON.stringify(Array.from({ length: LIMITS.frames }, (_, i) => ({ ...good, id: `l${i}`, text })));
}

test("a socket that speaks no WebSocket after the upgrade hurts nobody", async () => {
  const socket = createConnection(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(
    "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await once(socket, "data");
  socket.write(Buffer.alloc(200, 0xff));
  socket.resume();
  await once(socket, "close");
  await bystandersChat();
});

const TOKENS: Readonly<Record<string, () => string>> = {
  "no token at all": () => "",
  "no JWT": () => "a.b.c",
  expired: () => signToken({ sub: "1", exp: nowS() - 10 }),
  "not valid yet": () => signToken({ sub: "1", nbf: nowS() + 600 }),
  "signed with another secret": () => signToken({ sub: "1" }, { secret: "another secret, as long as need be" }),
  "alg none": () => signToken({ sub: "1", role: "admin" }, { alg: "none" }),
  "alg none, in other letters": () => signToken({ sub: "1" }, { alg: "nOnE" }),
  "alg none, with the signature of a good one": () =>
    signToken({ sub: "1" }, { alg: "none" }) + signToken({ sub: "1" }).split(".")[2]!,
  "another algorithm with the right secret": () => signToken({ sub: "1" }, { alg: "HS512" }),
  "claims changed after signing": () => {
    const [head, , signature] = signToken({ sub: "1" }).split(".");
    return `${head}.${signToken({ sub: "2" }).split(".")[1]}.${signature}`;
  },
  "no sub": () => signToken({ exp: nowS() + 600 }),
  "sub 0": () => signToken({ sub: "0" }),
  "sub with a zero before": () => signToken({ sub: "01" }),
  "sub 2^53": () => signToken({ sub: "9007199254740992" }),
  "a sub that is a word": () => signToken({ sub: "ann" }),
};

test("a token that is not good closes the connection, said by frame or by header, and over HTTP answers 401", async () => {
  for (const [what, make] of Object.entries(TOKENS)) {
    const token = make();
    const frame = await connect(server.chat, 1, { hello: "none" });
    frame.send({ type: "hello", token });
    assert.equal((await frame.next("error")).code, "UNAUTHENTICATED", what);
    assert.deepEqual(await frame.closed, { code: 4001, reason: "UNAUTHENTICATED" }, what);
    if (token !== "") {
      const header = await connect(server.chat, 1, { hello: "header", token, welcome: false });
      assert.equal((await header.closed).code, 4001, `${what}, in the header`);
    }
    const http = await fetch(`${server.url}/v1/hot`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(http.status, 401, `${what}, over HTTP`);
  }
  await bystandersChat();
});

test("without a hello nothing is done, and the connection is closed when none comes in time", async () => {
  const hasty = await connect(server.chat, 1, { hello: "none" });
  hasty.send(good, { ...good, id: "second" });
  const error = await hasty.next("error");
  assert.deepEqual([error.code, error.id], ["UNAUTHENTICATED", "good"]);
  assert.equal((await hasty.closed).code, 4001);
  assert.deepEqual(hasty.untaken(), []);

  const silent = await connect(server.chat, 1, { hello: "none" });
  assert.equal((await silent.next("error")).code, "UNAUTHENTICATED");
  assert.equal((await silent.closed).code, 4001);

  const client = await connect(server.chat, 1);
  client.send({ type: "history", id: "h", with: 2 });
  assert.deepEqual((await client.next("history")).messages, []);
});

test("the bystanders' chat is complete, and the server never logged a fault", async () => {
  bystanders.ann.send({ type: "history", id: "h", with: 1_002, limit: LIMITS.page });
  const { messages } = await bystanders.ann.next("history");
  const all = Array.from({ length: talked }, (_, i) => `bystander-${i + 1}`);
  assert.deepEqual(
    messages.map(({ text }) => text),
    all.slice(-LIMITS.page),
  );
  assert.equal(server.log() + server.stderr(), "");
});
