import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { createSqliteStore } from "../../server/shards/sqlite.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape, untilMetric } from "../support/metrics.ts";
import { temporaryFolder } from "../support/server.ts";
import { readBack, startStream, type Stream } from "../support/stream.ts";

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

const KB = 1_024;

const stored = (label: string) => `chat_messages_total{shard="${label}",result="stored"}`;

/** Runs one statement on a shard's file, as somebody beside the server. */
function onFile(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

test("a full disk costs the writers of its shard errors, and nobody a message; space mends it", async (t) => {
  const files = ["00", "01"].map((label) => join(folder, `${label}.db`));
  onFile(files[0]!, `CREATE TABLE ballast AS SELECT zeroblob(${200 * KB}) AS bytes`);
  const stores = [createSqliteStore({ file: files[0]! }, { maxPages: 100 }), createSqliteStore({ file: files[1]! })];
  const server = await listen(t, stores);
  await server.open();
  const count = async (series: string) => metricValue(await scrape(server.url), series);
  const until = (series: string, least: number) => untilMetric(server.url, series, (value) => value >= least);
  const refused = 'chat_messages_total{shard="00",result="refused"}';

  const streams: Stream[] = [];
  for (let author = 1; author <= 8; author++) streams.push(await startStream(server.chatUrl, author, () => {}));
  await until(refused, 1);
  const room = await count(stored("00"));
  await until(stored("01"), (await count(stored("01"))) + 100);
  assert.ok(room > 0, "it had some room before");
  onFile(files[0]!, "DROP TABLE ballast");
  await until(stored("00"), (await count(stored("00"))) + 100);
  for (const { said } of streams) said.push("enough");
  await Promise.all(streams.map(({ client }) => client.settle()));
  await Promise.all(server.shards.all().map(({ writer }) => writer.drain()));
  await Promise.all(streams.map(({ client }) => client.settle()));

  for (const stream of streams) {
    const { ids, count: rows } = await readBack(server.chatUrl, stream);
    assert.equal(rows, ids.size, "nothing twice");
    assert.deepEqual(ids, stream.acks, "stored is exactly what was acknowledged");
    assert.equal(stream.acks.size + stream.refused.size, stream.sent.length, "every message was answered");
    await stream.client.close();
  }
  const refusals = streams.flatMap(({ refused }) => [...refused.values()]);
  assert.deepEqual(new Set(refusals), new Set(["SHARD_UNAVAILABLE"]));
  assert.equal(await count('chat_errors_total{code="SHARD_UNAVAILABLE"}'), refusals.length);
  assert.equal(await count(refused), refusals.length, "a full disk stores nothing");
  const log = server.log.join("");
  assert.match(log, /shard 00 is down/);
  assert.match(log, /disk is full/);
  assert.doesNotMatch(log, /shard 01 is down|text of/);
});
