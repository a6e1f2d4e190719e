import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect } from "../support/chat-client.ts";
import { startServer, temporaryFolder, type TestServer } from "../support/server.ts";
import { readBack, startStream, type Stream } from "../support/stream.ts";

const data = temporaryFolder();
after(() => rmSync(data, { recursive: true, force: true }));

/** Streams of several authors over all shards; resolves after so many acks in all, of which each author has some. */
async function streamsAfter(server: TestServer, acks: number, firstAuthor: number): Promise<Stream[]> {
  let count = 0;
  const heard = new Set<number>();
  const enough = Promise.withResolvers<void>();
  const authors = Array.from({ length: 8 }, (_, index) => firstAuthor + index);
  const onAck = (author: number) => {
    if (heard.add(author).size === authors.length && ++count >= acks) enough.resolve();
  };
  const streams = await Promise.all(authors.map((author) => startStream(server.chat, author, () => onAck(author))));
  await enough.promise;
  return streams;
}

async function isRefused(url: string): Promise<boolean> {
  const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.destroy();
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  }
}

test("SIGTERM under load: what was taken is committed and acknowledged, clients are told, exit code 0", async (t) => {
  // Commits of 100 ms: much is queued and under way when the signal comes.
  const args = ["--shards", "4?commitMs=100&maxRows=30"];
  const server = await startServer({ args, data });
  const streams = await streamsAfter(server, 500, 1);
  const idle = await connect(server.chat, 50_000);
  server.signal("SIGTERM");
  // The streams learn of the stop by SHUTTING_DOWN for what they still send.
  await once(streams[0]!.client.socket, "message");
  server.signal("SIGTERM");
  server.signal("SIGTERM");
  assert.equal(await server.exited, 0);
  assert.equal(server.log() + server.stderr(), "");
  assert.ok(await isRefused(server.url));
  for (const { client, said } of streams) {
    assert.deepEqual(await client.closed, { code: 4100, reason: "SHUTTING_DOWN" });
    assert.deepEqual(said, ["SHUTTING_DOWN"]);
  }
  assert.equal((await idle.next("error")).code, "SHUTTING_DOWN");
  assert.equal((await idle.closed).code, 4100);

  const again = await startServer({ args: ["--shards", "4"], data });
  t.after(() => again.stop());
  for (const stream of streams) {
    const { ids, count } = await readBack(again.chat, stream);
    assert.deepEqual(ids, stream.acks, "stored is exactly what was acknowledged");
    assert.equal(count, stream.acks.size);
    assert.deepEqual(new Set(stream.refused.values()), new Set(stream.refused.size > 0 ? ["SHUTTING_DOWN"] : []));
    // A few of the last frames met a closed connection; every other one was answered.
    assert.ok(stream.sent.length - stream.acks.size - stream.refused.size <= 20);
  }
});

test("kill -9 in the middle of a stream: every acknowledged message is there exactly once, and a retry finds it", async (t) => {
  const server = await startServer({ data });
  const streams = await streamsAfter(server, 2_000, 1_001);
  await server.kill9();
  await Promise.all(streams.map(({ client }) => client.closed));
  for (const { acks, sent } of streams) assert.ok(acks.size > 0 && acks.size < sent.length, "it was in the middle");

  const again = await startServer({ data });
  t.after(() => again.stop());
  for (const stream of streams) {
    const { ids, count } = await readBack(again.chat, stream);
    assert.equal(count, ids.size, "nothing twice");
    for (const [client, message] of stream.acks) assert.equal(ids.get(client), message);
    for (const client of ids.keys()) assert.ok(stream.sent.includes(client));

    // The author resends whatever it has no answer for, and one that it has.
    const author = await connect(again.chat, stream.author);
    const reader = await connect(again.chat, stream.recipient);
    const unknown = stream.sent.filter((id) => !stream.acks.has(id));
    for (const id of [...unknown, stream.sent[0]!]) {
      author.send({ type: "send", id, to: stream.recipient, text: `text of ${id}`, resend: true });
      const ack = await author.next("ack");
      const stored = ids.get(id);
      const { client, message, resend } = await reader.next("message");
      assert.equal(client, id);
      assert.equal(message, ack.message);
      if (stored !== undefined) assert.equal(ack.message, stored, "the first id");
      assert.equal(resend, stored === undefined ? undefined : true, "what was stored before may be a twin");
    }
    await reader.settle();
    assert.deepEqual(reader.untaken(), [], "each once");
    const whole = await readBack(again.chat, stream);
    assert.deepEqual([...whole.ids.keys()].sort(), stream.sent.toSorted(), "all of it, once");
    assert.equal(whole.count, stream.sent.length);
    await Promise.all([author.close(), reader.close()]);
  }
});

test("Ctrl-C ends it with 130", async () => {
  const server = await startServer({ args: ["--shards", "1"] });
  server.signal("SIGINT");
  assert.equal(await server.exited, 130);
});

test("a server that another process started for itself ends with it", async () => {
  const server = await startServer({ args: ["--shards", "1"], ipc: true });
  const client = await connect(server.chat, 1);
  server.disconnect();
  assert.equal(await server.exited, 0);
  assert.equal((await client.closed).code, 4100);
});

test("a terminal that is closed (SIGHUP) stops a server without TLS in order: its grant of ids is given back", async () => {
  const folder = temporaryFolder();
  const server = await startServer({ args: ["--shards", "1"], data: folder });
  const client = await connect(server.chat, 1);
  server.signal("SIGHUP");
  assert.equal((await client.closed).code, 4100);
  assert.equal(await server.exited, 0);
  const { grants } = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as { grants: { held: boolean }[] };
  assert.deepEqual(
    grants.map(({ held }) => held),
    [false],
  );
});
