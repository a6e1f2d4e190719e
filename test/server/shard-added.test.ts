import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pino } from "pino";
import { assemble } from "../../server/assemble.ts";
import { readConfig } from "../../server/config.ts";
import { ConfigError } from "../../server/config-error.ts";
import type { ShardsReply } from "../../server/protocol/http.ts";
import type { LiveSnapshot, LiveStart } from "../../server/protocol/live.ts";
import type { ShardSpec } from "../../server/shards/url.ts";
import { connect } from "../support/chat-client.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { temporaryFolder, unusedPort } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

async function running(t: TestContext) {
  const data = temporaryFolder();
  const config = readConfig(["--data", data, "--shards", "2"], {});
  const server = await assemble(config, pino({ level: "silent" }));
  t.after(async () => {
    await server.chat.stop(0);
    await server.close();
  });
  const url = await server.app.listen({ port: 0, host: "127.0.0.1" });
  await server.open();
  return { ...server, url, data };
}

/** What the live page is told: the events in order. */
async function* liveEvents(url: string, signal: AbortSignal): AsyncGenerator<{ name: string; data: unknown }> {
  const response = await fetch(`${url}/v1/live`, { signal });
  let rest = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + chunk).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event)!;
      yield { name: name!, data: JSON.parse(data!) };
    }
  }
}

async function shardsOf(url: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  const reply = (await (await fetch(`${url}/v1/shards`, { headers })).json()) as ShardsReply;
  return reply.shards.map(({ label, state }) => `${label} ${state}`);
}

const sqlite = (data: string, name: string): ShardSpec => ({
  engine: "sqlite",
  file: join(data, `${name}.db`),
  shaped: null,
});

test("a shard that is added to a running server is in /v1/shards, in the metrics and on the live page", async (t) => {
  const { data, shards, url } = await running(t);
  const abort = new AbortController();
  t.after(() => abort.abort());
  const live = liveEvents(url, abort.signal);
  const next = async (): Promise<{ name: string; data: unknown }> => (await live.next()).value!;
  assert.equal(((await next()).data as LiveStart).shards.length, 2);
  assert.equal((await next()).name, "snapshot");
  const ann = await connect(url.replace("http", "ws") + "/chat", 1);
  ann.send({ type: "send", id: "before", to: 2, text: "x" });
  await ann.next("ack");

  const added = await shards.add("02", sqlite(data, "added"));
  assert.deepEqual([added.label, added.state()], ["02", "up"]);
  assert.deepEqual(await shardsOf(url), ["00 up", "01 up", "02 up"]);
  const page = await scrape(url);
  assert.equal(metricValue(page, "chat_shards"), 3);
  assert.equal(metricValue(page, 'chat_shard_up{shard="02"}'), 1);
  for (const series of [
    'chat_messages_total{shard="02",result="stored"}',
    'chat_shard_operations_total{shard="02",op="insert",result="ok"}',
    'chat_shard_operation_duration_seconds_count{shard="02",op="insert"}',
    'chat_writer_queue_rows{shard="02"}',
    'chat_resends_total{shard="02"}',
  ]) {
    assert.equal(metricValue(page, series), 0, series);
  }
  // Everybody who looks is told anew which shards there are; then the figures are of three.
  let event = await next();
  while (event.name !== "start") event = await next();
  assert.deepEqual(
    (event.data as LiveStart).shards.map(({ label }) => label),
    ["00", "01", "02"],
  );
  const { data: snapshot } = await next();
  assert.deepEqual(
    (snapshot as LiveSnapshot).shards.map(({ label, perS }) => `${label} ${perS > 0 || label !== "02"}`),
    ["00 true", "01 true", "02 false"],
  );
  assert.deepEqual(Object.keys((snapshot as LiveSnapshot).column), ["00", "01", "02"]);
  assert.equal((snapshot as LiveSnapshot).writable, 2);

  // It counts by itself: a row that is given to it is its own.
  const row = { dialog: "1_2", id: "9000000000000000000", author: 1, recipient: 2, client: "own", text: "é" };
  await new Promise((resolve) => added.writer.enqueue(row, 10, { settle: resolve }));
  assert.deepEqual(
    (await added.history("1_2", null, 10)).rows.map(({ client }) => client),
    ["own"],
  );
  const after = await scrape(url);
  assert.equal(metricValue(after, 'chat_messages_total{shard="02",result="stored"}'), 1);
  assert.equal(metricValue(after, 'chat_shard_operations_total{shard="02",op="history",result="ok"}'), 1);

  // The topology does not name it: messages go where they went.
  ann.send(...Array.from({ length: 50 }, (_, i) => ({ type: "send", id: `after ${i}`, to: i + 2, text: "x" })));
  for (let i = 0; i < 50; i++) assert.notEqual((await ann.next("ack")).shard, "02");
});

test("a shard that is not there yet is added and down; what waiting would not mend changes nothing", async (t) => {
  const { data, shards, url } = await running(t);
  const gone = { engine: "mysql", host: "127.0.0.1", user: "u", password: "p", database: "d", shaped: null } as const;
  const down = await shards.add("02", { ...gone, port: await unusedPort() });
  assert.equal(down.state(), "down");
  assert.deepEqual(await shardsOf(url), ["00 up", "01 up", "02 down"]);
  assert.equal(metricValue(await scrape(url), 'chat_shard_up{shard="02"}'), 0);
  const ready = (await (await fetch(`${url}/readyz`)).json()) as object;
  assert.deepEqual(ready, { status: "degraded", degraded: ["02"] });

  const refused = async (label: string, spec: ShardSpec, code: string): Promise<void> => {
    await assert.rejects(shards.add(label, spec), (error) => error instanceof ConfigError && error.code === code);
    assert.equal(shards.all().length, 3);
    assert.equal(metricValue(await scrape(url), "chat_shards"), 3);
  };
  await refused("00", sqlite(data, "other"), "SHARD_EXISTS");
  await refused("zz", sqlite(data, "other"), "BAD_LABEL");
  await refused("03", sqlite(data, "shard-00"), "SHARD_IN_USE");
  await refused("03", sqlite("/proc/nowhere", "x"), "SHARD_UNUSABLE");
  await shards.add("03", sqlite(data, "mended"));
  assert.equal(shards.get("03")!.state(), "up");
});
