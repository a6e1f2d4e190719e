import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createConnection } from "node:net";
import { after, before, test } from "node:test";
import type { AuditDialogsReply, HotReply, ShardsReply } from "../../server/protocol/http.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

let server: TestServer;
let ann: ChatClient;
before(async () => {
  server = await startServer({ args: ["--shards", "2"], env: { HOTSHARD_SECRET: "" } });
  ann = await connect(server.chat, 1);
});
after(() => server.stop());

async function get(
  path: string,
  token: string | null = tokenOf(99, "admin"),
): Promise<{ status: number; body: unknown }> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(server.url + path, { headers });
  return { status: response.status, body: await response.json() };
}

/** Two messages to each of three dialogs; client ids as a harness writes them. */
async function talk(run: string): Promise<Map<string, { shard: string; message: string; client: string }[]>> {
  const dialogs = new Map<string, { shard: string; message: string; client: string }[]>();
  for (const to of [2, 3, 4]) {
    for (const round of [1, 2]) {
      const client = `${run}-${to}-${round}`;
      ann.send({ type: "send", id: client, to, text: "x" });
      const { dialog, message, shard } = await ann.next("ack");
      dialogs.set(dialog, [...(dialogs.get(dialog) ?? []), { shard, message, client }]);
    }
  }
  return dialogs;
}

test("health and readiness need no token", async () => {
  assert.deepEqual(await get("/healthz", null), { status: 200, body: { status: "ok" } });
  assert.deepEqual(await get("/readyz", null), { status: 200, body: { status: "ready", degraded: [] } });
});

test("who may ask what: 401 without a good token, 403 without the right, 200 with it", async () => {
  const bob = tokenOf(2);
  for (const path of ["/v1/shards", "/v1/hot", "/v1/audit?run=a", "/v1/audit/dialogs?run=a", "/v1/audit/message?x=1"]) {
    for (const [token, status, code] of [
      [null, 401, "UNAUTHENTICATED"],
      ["nonsense", 401, "UNAUTHENTICATED"],
      [bob, 403, "FORBIDDEN"],
    ] as const) {
      const answer = await get(path, token);
      assert.equal(answer.status, status, path);
      assert.equal((answer.body as { code: string }).code, code, path);
    }
  }
  for (const [user, role, status] of [
    [1, undefined, 200],
    [2, undefined, 200],
    [3, undefined, 403],
    [3, "admin", 200],
  ] as const) {
    assert.equal((await get("/v1/dialogs/1_2/messages", tokenOf(user, role))).status, status, `${user} ${role}`);
  }
  assert.equal((await get("/v1/dialogs/1_2/messages", null)).status, 401);
  assert.equal((await get("/v1/dialogs/g_5/messages", tokenOf(5))).status, 403);
});

test("the audit counts a run's messages and sums their keys; a message can be looked up", async () => {
  const dialogs = await talk("run1");
  await talk("run10");
  const expected = new Map(["00", "01"].map((shard) => [shard, { shard, rows: 0, sum: 0 }]));
  for (const [dialog, messages] of dialogs) {
    for (const { shard, client } of messages) {
      const entry = expected.get(shard)!;
      entry.rows += 1;
      const key = createHash("md5").update(`${dialog}:1:${client}`).digest("hex");
      entry.sum += Number.parseInt(key.slice(0, 6), 16);
    }
  }
  assert.deepEqual((await get("/v1/audit?run=run1")).body, {
    run: "run1",
    shards: [...expected.values()],
  });
  const counted = ((await get("/v1/audit/dialogs?run=run1")).body as AuditDialogsReply).dialogs;
  assert.deepEqual(
    counted.toSorted((a, b) => (a.dialog < b.dialog ? -1 : 1)),
    [...dialogs].map(([dialog, messages]) => ({
      shard: messages[0]!.shard,
      dialog,
      segment: 0,
      bucket: 0,
      count: 2,
    })),
  );
  const [dialog, [first]] = [...dialogs][0]!;
  const found = await get(`/v1/audit/message?dialog=${dialog}&author=1&client=${first!.client}`);
  assert.deepEqual(found.body, { message: first!.message, shard: first!.shard });
  const none = await get(`/v1/audit/message?dialog=${dialog}&author=1&client=other`);
  assert.deepEqual(none.body, { message: null, shard: null });
});

test("/v1/shards tells engine, durability and the writer's sums; /v1/hot the hottest dialogs and their shards", async () => {
  ann.send(...Array.from({ length: 30 }, (_, i) => ({ type: "send", id: `hot${i}`, to: 77, text: "x" })));
  let shard = "";
  for (let i = 0; i < 30; i++) ({ shard } = await ann.next("ack"));
  const status = (await get("/v1/shards")).body as ShardsReply;
  assert.equal(status.topology.epoch, 1);
  assert.deepEqual(
    status.shards.map(({ label, engine, shaped, state, queueRows }) => ({ label, engine, shaped, state, queueRows })),
    ["00", "01"].map((label) => ({ label, engine: "sqlite", shaped: null, state: "up", queueRows: 0 })),
  );
  assert.equal(status.shards[0]!.durability!.crashSafe, true);
  const { writer } = status.shards.find(({ label }) => label === shard)!;
  assert.ok(writer.rows >= 30 && writer.commits >= 1 && writer.seconds > 0 && writer.rowsSquared >= writer.rows);
  assert.ok(status.recipientsOffline >= 30);
  const { absent, dialogs, messages, windowS } = (await get("/v1/hot")).body as HotReply;
  assert.deepEqual({ absent, windowS }, { absent: 0, windowS: 60 });
  const exact = { countError: 0, error: 0, shards: [shard] };
  assert.deepEqual(dialogs[0], { rank: 1, dialog: "1_77", count: 30, share: 30 / messages, ...exact });
});

test("what cannot be answered has a code", async () => {
  const cases: [path: string, status: number, code: string][] = [
    ["/nowhere", 404, "NOT_FOUND"],
    ["/v1/nowhere", 404, "NOT_FOUND"],
    ["/%zz", 400, "BAD_FRAME"],
    ["/chat", 400, "BAD_FRAME"],
    ["/v1/audit", 400, "BAD_FRAME"],
    ["/v1/audit?run=A%25", 400, "BAD_FRAME"],
    ["/v1/audit?run=a&run=b", 400, "BAD_FRAME"],
    ["/v1/audit/message?dialog=2_1&author=1&client=x", 400, "BAD_FRAME"],
    ["/v1/audit/message?dialog=1_2&author=0&client=x", 400, "BAD_FRAME"],
    ["/v1/audit/message?dialog=1_2&author=1&client=", 400, "BAD_FRAME"],
    ["/v1/audit/message?dialog=1_2&dialog=1_3&author=1&client=x", 400, "BAD_FRAME"],
    ["/v1/dialogs/2_1/messages", 404, "NOT_FOUND"],
    ["/v1/dialogs/1_2/messages?limit=0", 400, "BAD_FRAME"],
    ["/v1/dialogs/1_2/messages?limit=201", 400, "BAD_FRAME"],
    ["/v1/dialogs/1_2/messages?limit=x", 400, "BAD_FRAME"],
    ["/v1/dialogs/1_2/messages?before=-1", 400, "BAD_FRAME"],
    ["/v1/dialogs/1_2/messages?before=9223372036854775808", 400, "BAD_FRAME"],
    [`/v1/dialogs/${"1".repeat(200)}/messages`, 400, "BAD_FRAME"],
  ];
  for (const [path, status, code] of cases) {
    const answer = await get(path);
    const body = answer.body as { code: string; retryable: boolean; message: string };
    assert.deepEqual([answer.status, body.code, body.retryable], [status, code, false], path);
  }
  const json = { "content-type": "application/json" };
  for (const [init, status, code] of [
    [{}, 404, "NOT_FOUND"],
    [{ body: "{", headers: json }, 400, "BAD_FRAME"],
    [{ body: "x".repeat(2_000_000), headers: json }, 413, "TOO_LARGE"],
  ] as const) {
    const posted = await fetch(`${server.url}/healthz`, { method: "POST", ...init });
    assert.equal(posted.status, status);
    assert.equal(((await posted.json()) as { code: string }).code, code);
  }
  assert.equal(server.log() + server.stderr(), "");
});

test("an upgrade where there is no WebSocket is refused, and what is no HTTP hurts nobody", async () => {
  const elsewhere = await connect(server.chat.replace("/chat", "/other"), 1, { hello: "none" }).catch(() => null);
  assert.equal(elsewhere, null);
  const socket = createConnection(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("this is no HTTP\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
  socket.destroy();
  assert.equal((await get("/healthz", null)).status, 200);
});

test("a connection whose upgrade was answered instead is closed", async () => {
  for (const path of ["/other", "/v1/hot"]) {
    const socket = createConnection(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 (404|401) /, path);
    await once(socket, "close");
  }
});
