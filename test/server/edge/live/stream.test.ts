import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { test, type TestContext } from "node:test";
import Fastify from "fastify";
import { auth } from "../../../../server/edge/http/auth.ts";
import { createBroadcast } from "../../../../server/edge/live/broadcast.ts";
import { livePage } from "../../../../server/edge/live/live.ts";
import type { LiveSnapshot, LiveStart } from "../../../../server/protocol/live.ts";
import type { ShardsReply } from "../../../../server/protocol/http.ts";
import { apiErrors } from "../../../../server/edge/http/api-error.ts";
import { connect } from "../../../support/chat-client.ts";
import { metricValue, scrape } from "../../../support/metrics.ts";
import { startServer } from "../../../support/server.ts";
import { nowS, signToken, tokenOf } from "../../../support/token.ts";
import { fakeSources } from "./fake-sources.ts";
import { createGuard } from "../../../../server/guard.ts";
import { NO_GUARD } from "../../../support/no-guard.ts";

const SECRET = "a secret of sixteen";

type Event = { name: "start"; data: LiveStart } | { name: "snapshot"; data: LiveSnapshot };

/** A reader of the stream, as the page is one. */
async function look(url: string, headers: Record<string, string> = {}) {
  const leave = new AbortController();
  const response = await fetch(`${url}/v1/live`, { headers, signal: leave.signal });
  assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return {
    response,
    leave: () => leave.abort(),
    async next(): Promise<Event> {
      while (!rest.includes("\n\n")) {
        const { value, done } = await reader.read();
        assert.equal(done, false, "the stream ended");
        rest += value;
      }
      const [event = "", ...others] = rest.split("\n\n");
      rest = others.join("\n\n");
      const [, name, data] = /^event: (start|snapshot)\ndata: (.*)$/.exec(event)!;
      return { name, data: JSON.parse(data!) } as Event;
    },
    async until(where: (snapshot: LiveSnapshot) => boolean): Promise<LiveSnapshot> {
      for (;;) {
        const event = await this.next();
        if (event.name === "snapshot" && where(event.data)) return event.data;
      }
    },
  };
}

/** The plugin alone, over counters of the test's own. */
async function startAlone(t: TestContext, options: { shards: number; intervalMs: number; open?: boolean }) {
  const sources = fakeSources(options.shards);
  let slow = 0;
  const app = Fastify({ forceCloseConnections: true });
  await app.register(apiErrors, { onError: () => undefined });
  await app.register(auth, { secret: SECRET });
  await app.register(livePage, { sources, open: true, ...options, onSlow: () => (slow += 1), guard: NO_GUARD });
  t.after(() => app.close());
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { app, url, sources, slow: () => slow };
}

const rowsOf = (all: LiveSnapshot) => all.shards.reduce((sum, { rows }) => sum + rows, 0);

/** Somebody who looks, and what was said to them. */
const looker = () => {
  const heard: string[] = [];
  return { heard, writableLength: 0, write: (text: string) => heard.push(text), destroy: () => assert.fail() };
};

/** Resolves when the condition holds, looking at every turn of the loop. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test("the stream says what /v1/shards says, and is a gauge while it is open", async (t) => {
  const server = await startServer({ args: ["--shards", "2"] });
  t.after(() => server.stop());
  assert.equal(metricValue(await scrape(server.url), "chat_live_streams"), 0);
  const one = await look(server.url);
  assert.match(one.response.headers.get("content-type")!, /^text\/event-stream/);
  const start = await one.next();
  assert.ok(start.name === "start" && start.data.placement === "slots" && start.data.shards.length === 2);
  const ann = await connect(server.chat, 1);
  ann.send(...Array.from({ length: 40 }, (_, i) => ({ type: "send", id: `m${i}`, to: 2, text: "x" })));
  for (let i = 0; i < 40; i++) await ann.next("ack");
  const snapshot = await one.until((all) => rowsOf(all) === 40);
  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  const truth = (await (await fetch(`${server.url}/v1/shards`, { headers })).json()) as ShardsReply;
  assert.deepEqual(
    snapshot.shards.map(({ label, rows, state }) => ({ label, rows, state })),
    truth.shards.map(({ label, writer, state }) => ({ label, rows: writer.rows, state })),
  );
  assert.equal(snapshot.connections, 1);
  assert.equal(snapshot.epoch, truth.topology.epoch);
  assert.deepEqual(snapshot.hot[0]!.dialog, "1_2");
  const two = await look(server.url);
  // The first one it gets is the last one that the other got.
  const first = await two.until(() => true);
  const seen = await two.until(({ number }) => number > first.number);
  assert.equal((await one.until(({ number }) => number >= seen.number)).number, seen.number, "one snapshot for both");
  assert.equal(metricValue(await scrape(server.url), "chat_live_streams"), 2);
  one.leave();
  two.leave();
  await ann.close();
});

test("a shard whose queue is full is shown with all that came for it", async (t) => {
  const server = await startServer({ args: ["--shards", "1?commitMs=200&maxRows=1", "--queue-rows", "2"] });
  t.after(() => server.stop());
  const stream = await look(server.url);
  await stream.until(() => true);
  const ann = await connect(server.chat, 1);
  ann.send(...Array.from({ length: 40 }, (_, i) => ({ type: "send", id: `m${i}`, to: 2, text: "x" })));
  for (let refused = 0; refused < 38; refused++) await ann.next("error", ({ code }) => code === "OVERLOADED");
  const { shards, windowS } = await stream.until((all) => all.perS > 0 && all.shards[0]!.queueRows === 0);
  // Two were queued, of which one may be under way; rate and window are rounded to tenths.
  const { perS } = shards[0]!;
  assert.ok(Math.abs(perS * windowS - 39.5) <= 0.5 + 0.05 * (perS + windowS + 0.1), `${perS}/s in ${windowS} s`);
  stream.leave();
});

test("behind the admin token when the secret is the server's own; HOTSHARD_DEV=1 opens it", async (t) => {
  const secret = "an own secret of the server";
  const closed = await startServer({ args: ["--shards", "1"], env: { HOTSHARD_SECRET: secret } });
  t.after(() => closed.stop());
  const status = async (token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${closed.url}/v1/live`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status(), 401);
  assert.equal(await status(tokenOf(1, "admin")), 401, "signed with the public secret");
  assert.equal(await status(signToken({ sub: "1" }, { secret })), 403);
  assert.equal(await status(signToken({ sub: "1", role: "admin" }, { secret })), 200);
  assert.deepEqual(await (await fetch(`${closed.url}/v1/live/access`)).json(), { open: false });
  const dev = await startServer({ args: ["--shards", "1"], env: { HOTSHARD_SECRET: secret, HOTSHARD_DEV: "1" } });
  t.after(() => dev.stop());
  const stream = await look(dev.url);
  stream.leave();
});

test("the page's files say what they may do, and nothing else of the disk is served", async (t) => {
  const { url, app } = await startAlone(t, { shards: 1, intervalMs: 1_000 });
  const page = await fetch(url);
  assert.match(page.headers.get("content-type")!, /^text\/html/);
  for (const path of ["/", "/live/live.js", "/live/live.css", "/live/icon.svg"]) {
    const { headers, status } = await fetch(url + path);
    assert.equal(status, 200, path);
    assert.match(headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self'; /, path);
    assert.doesNotMatch(headers.get("content-security-policy")!, /unsafe|https?:|\*/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  }
  for (const path of ["/live/", "/live/../live.ts", "/live/%2e%2e/live.ts", "/live/tsconfig.json"]) {
    assert.equal((await app.inject(path)).statusCode, 404, path);
  }
  const head = await fetch(`${url}/v1/live`, { method: "HEAD" });
  assert.equal(head.status, 404, "a HEAD would look for ever");
});

test("nobody looking costs nothing: no timer, no snapshot; a look is shared", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let made = 0;
  const broadcast = createBroadcast({
    intervalMs: 1_000,
    start: () => ({}),
    version: () => "1",
    snapshot: () => ({ made: ++made }),
    onSlow: () => assert.fail("nobody was slow"),
    guard: NO_GUARD,
  });
  t.mock.timers.tick(100_000);
  assert.equal(made, 0);
  const [one, two] = [looker(), looker()];
  const leaveOne = broadcast.join(one);
  t.mock.timers.tick(3_000);
  const leaveTwo = broadcast.join(two);
  assert.match(two.heard.join(""), /^event: start\ndata: \{\}\n\nevent: snapshot\ndata: \{"made":4\}\n\n$/);
  t.mock.timers.tick(2_000);
  assert.equal(made, 6);
  assert.equal(one.heard.at(-1), two.heard.at(-1));
  leaveOne();
  leaveOne();
  t.mock.timers.tick(1_000);
  assert.equal(made, 7);
  leaveTwo();
  t.mock.timers.tick(100_000);
  assert.deepEqual([made, broadcast.lookers()], [7, 0]);
});

test("a snapshot that cannot be made is told, and the next one comes", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const told: string[] = [];
  let isBroken = false;
  const broadcast = createBroadcast({
    intervalMs: 1_000,
    start: () => ({}),
    version: () => "1",
    snapshot: () => (isBroken ? assert.fail("a bug") : { fine: true }),
    onSlow: () => assert.fail("nobody was slow"),
    guard: createGuard((what) => told.push(what)),
  });
  const one = looker();
  broadcast.join(one);
  isBroken = true;
  t.mock.timers.tick(2_000);
  assert.deepEqual(told, ["the live page"], "not once a second");
  isBroken = false;
  const before = one.heard.length;
  t.mock.timers.tick(1_000);
  assert.equal(one.heard.length, before + 1);
});

test("a client that does not read is dropped and counted, and the others go on", async (t) => {
  const { app, url, slow, sources } = await startAlone(t, { shards: 64, intervalMs: 1 });
  const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined).pause();
  socket.write("GET /v1/live HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(() => app.liveStreams() === 1);
  const reader = await look(url);
  for (;;) {
    await reader.next();
    if (slow() > 0) break;
  }
  assert.deepEqual([slow(), app.liveStreams()], [1, 1]);
  await reader.next();
  reader.leave();
  socket.destroy();
  await eventually(() => app.liveStreams() === 0);
  const looks = sources.looks();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(sources.looks(), looks, "a snapshot was computed for nobody");
});

function adminHeaders(exp?: number): Record<string, string> {
  const token = signToken({ sub: "1", role: "admin", ...(exp !== undefined && { exp }) }, { secret: SECRET });
  return { authorization: `Bearer ${token}` };
}

test("a stream ends with its token, and one that never ends does not", async (t) => {
  const { app, url } = await startAlone(t, { shards: 1, intervalMs: 20, open: false });
  const lasting = await look(url, adminHeaders());
  // Only the ends of tokens are made of these: how long the looks below take does not matter.
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.now() });
  const late = await look(url, adminHeaders(4_000_000_000));
  const exp = nowS() + 600;
  const short = await look(url, adminHeaders(exp));
  assert.equal(app.liveStreams(), 3);
  t.mock.timers.tick(exp * 1_000 - Date.now() - 1);
  await short.until(() => true);
  assert.equal(app.liveStreams(), 3);
  t.mock.timers.tick(1);
  await assert.rejects(
    short.until(() => false),
    /the stream ended/,
  );
  assert.equal(app.liveStreams(), 2);
  t.mock.timers.tick(1_000);
  assert.equal((await fetch(`${url}/v1/live`, { headers: adminHeaders(exp) })).status, 401);
  for (const stream of [lasting, late]) {
    await stream.until(() => true);
    stream.leave();
  }
});

test("streams are bounded", async (t) => {
  const { app, url } = await startAlone(t, { shards: 1, intervalMs: 60_000 });
  const streams = await Promise.all(Array.from({ length: 64 }, () => look(url)));
  const refused = await fetch(`${url}/v1/live`);
  assert.equal(refused.status, 503);
  assert.equal(((await refused.json()) as { code: string }).code, "OVERLOADED");
  for (const stream of streams) stream.leave();
  await eventually(() => app.liveStreams() === 0);
  (await look(url)).leave();
});
