import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { compareIds } from "../../server/placement/message-id.ts";
import type { Override, Topology } from "../../server/placement/contract.ts";
import { ALL_INSERTED } from "../../server/shards/contract.ts";
import type { State } from "../../server/topology/state.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";
import { startServer, temporaryFolder, unusedPort, type TestServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const LABELS = ["00", "01", "02", "03"];
const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

function segment(from: string, overrides: readonly Override[]): Topology["segments"][number] {
  return { from, placement: "slots", shards: LABELS.map((label) => ({ label, weight: 1 })), overrides };
}

function topologyFile(name: string, segments: Topology["segments"]): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ epoch: segments.length, shards: LABELS, segments }));
  return file;
}

/** Sends `count` messages from 1 to 2, one batch. @returns ids, and which shards they are on */
async function write(client: ChatClient, count: number): Promise<{ ids: string[]; shards: Set<string> }> {
  const ids: string[] = [];
  const shards = new Set<string>();
  const sends = Array.from({ length: count }, (_, i) => ({ type: "send", id: `m${i}`, to: 2, text: `text ${i}` }));
  client.send(...sends);
  for (const { id } of sends) {
    const ack = await client.next("ack", (ack) => ack.id === id);
    ids.push(ack.message);
    shards.add(ack.shard);
  }
  return { ids, shards };
}

async function getPage(server: TestServer, query: string, user = 1): Promise<Response> {
  return fetch(`${server.url}/v1/dialogs/1_2/messages${query}`, {
    headers: { authorization: `Bearer ${tokenOf(user)}` },
  });
}

test("a split dialog is paged as one, over WebSocket and HTTP, with the topology's epoch in the welcome", async (t) => {
  const topology = topologyFile("split", [segment("0", [{ dialog: "1_2", action: "split", shards: LABELS }])]);
  const server = await startServer({ args: ["--topology", topology] });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1);
  const { ids, shards } = await write(client, 100);
  assert.deepEqual([...shards].sort(), LABELS, "100 messages meet all four parts");

  const found: string[] = [];
  let before: string | undefined;
  for (let pages = 0; ; pages++) {
    client.send({ type: "history", id: `h${pages}`, with: 2, limit: 30, ...(before !== undefined && { before }) });
    const page = await client.next("history");
    const http = (await (
      await getPage(server, `?limit=30${before === undefined ? "" : `&before=${before}`}`)
    ).json()) as typeof page & {
      dialog: string;
    };
    assert.equal(http.dialog, "1_2");
    assert.deepEqual(http.messages, page.messages);
    assert.equal(http.next, page.next);
    assert.equal(page.partial, undefined);
    assert.ok(compareIds(ids.at(-1)!, page.stable) < 0, "nothing is in flight: all of it is stable");
    found.unshift(...page.messages.map(({ message }) => message));
    assert.equal(page.messages.length, pages === 3 ? 10 : 30);
    if (page.next === undefined) break;
    before = page.next;
  }
  assert.deepEqual(found, ids);

  const whole = (await (await getPage(server, "", 2)).json()) as { messages: { client: string; text: string }[] };
  assert.deepEqual(
    whole.messages.map(({ client, text }) => [client, text]),
    ids.map((_, index) => [`m${index}`, `text ${index}`]),
  );
  assert.equal(
    metricValue(await scrape(server.url), 'chat_shard_operation_duration_seconds_count{shard="03",op="history"}'),
    9,
  );
});

test("`stable` stays at the oldest message that is not committed yet", async (t) => {
  const commit = Promise.withResolvers<void>();
  const insert = () => commit.promise.then(() => ALL_INSERTED);
  const server = await listen(t, [scripted({ insert })], ["--group-rows", "1"]);
  await server.open();
  const client = await connect(server.chatUrl, 1);
  for (const id of ["a", "b"]) client.send({ type: "send", id, to: 2, text: id });
  await client.settle();
  client.send({ type: "history", id: "h", with: 2 });
  const page = await client.next("history");
  commit.resolve();
  const [a, b] = [await client.next("ack"), await client.next("ack")];
  assert.equal(page.stable, a.message);
  assert.ok(compareIds(page.stable, b.message) < 0);
});

test("a lost shard is named in `partial`; the others' parts are there and can be written", async (t) => {
  const topology = topologyFile("lost", [segment("0", [{ dialog: "1_2", action: "split", shards: LABELS }])]);
  const dead = `mysql://u:p@127.0.0.1:${await unusedPort()}/d`;
  const files = LABELS.map((label) => `sqlite:${join(folder, `lost-${label}.db`)}`);
  const server = await startServer({ args: ["--topology", topology, "--shards", files.with(1, dead).join(",")] });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1);
  const sends = Array.from({ length: 40 }, (_, i) => ({ type: "send", id: `m${i}`, to: 2, text: "x" }));
  client.send(...sends);
  client.send({ type: "ping", id: "end" });
  await client.next("pong");
  const stored: string[] = [];
  let refused = 0;
  for (const { id } of sends) {
    const answer = await Promise.race([
      client.next("ack", (ack) => ack.id === id),
      client.next("error", (error) => error.id === id),
    ]);
    if (answer.type === "ack") stored.push(answer.message);
    else {
      assert.equal(answer.code, "SHARD_UNAVAILABLE");
      refused++;
    }
  }
  assert.ok(refused > 0 && stored.length > 0);
  client.send({ type: "history", id: "h", with: 2 });
  const page = await client.next("history");
  assert.deepEqual(page.partial, ["01"]);
  assert.deepEqual(
    page.messages.map(({ message }) => message),
    stored.toSorted(compareIds),
  );
  const http = (await (await getPage(server, "")).json()) as { partial: string[] };
  assert.deepEqual(http.partial, ["01"]);
});

const pin = (shard: string): Override => ({ dialog: "1_2", action: "pin", shard });

test("a retry after the topology changed is found on the shard of its first try", async (t) => {
  const data = join(folder, "moved");
  const old = await startServer({ data, args: ["--topology", topologyFile("old", [segment("0", [pin("00")])])] });
  const before = await connect(old.chat, 1);
  const { ids } = await write(before, 2);
  await old.stop();

  const { grants } = JSON.parse(readFileSync(join(data, "state.json"), "utf8")) as State;
  const boundary = grants[0]!.until;
  const moved = topologyFile("moved", [segment("0", [pin("00")]), segment(boundary, [pin("03")])]);
  const server = await startServer({ data, args: ["--topology", moved] });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1);
  client.send({ type: "send", id: "m0", to: 2, text: "text 0", resend: true });
  const again = await client.next("ack");
  assert.deepEqual([again.message, again.shard], [ids[0], "00"]);
  client.send({ type: "send", id: "new", to: 2, text: "new", resend: true });
  const fresh = await client.next("ack");
  assert.equal(fresh.shard, "03");
  client.send({ type: "history", id: "h", with: 2 });
  assert.deepEqual(
    (await client.next("history")).messages.map(({ message }) => message),
    [...ids, fresh.message],
  );
});

test("pages asked for all at once are answered one by one, also to a reader who does not read", async (t) => {
  const server = await startServer({ args: ["--shards", "1"] });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1);
  const text = "y".repeat(4_096);
  client.send(...Array.from({ length: 100 }, (_, i) => ({ type: "send", id: `m${i}`, to: 2, text })));
  for (let i = 0; i < 100; i++) await client.next("ack");
  // 256 pages of 400 KB: 105 MB if they were made at once.
  const asks = Array.from({ length: 256 }, (_, i) => ({ type: "history", id: `h${i}`, with: 2 }));
  const deaf = await connect(server.chat, 2);
  deaf.socket.pause();
  deaf.send(...asks);
  client.send(...asks);
  // A slow reader, not one who does not read: what waits for it must not count against it.
  client.socket.pause();
  await delay(700);
  client.socket.resume();
  for (const { id } of asks) assert.equal((await client.next("history")).id, id);
  const reads = metricValue(
    await scrape(server.url),
    'chat_shard_operations_total{shard="00",op="history",result="ok"}',
  );
  assert.ok(reads < 256 + 100, `${reads} pages were read, 256 of them for the one who reads`);
  deaf.socket.terminate();
});
