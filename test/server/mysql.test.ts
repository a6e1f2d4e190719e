import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ShardsReply } from "../../server/protocol/http.ts";
import { MARIADB_REMEDY, startMariadb } from "../support/mariadb.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { need } from "../support/need.ts";
import { startServer, temporaryFolder } from "../support/server.ts";
import { readBack, startStream, type Stream } from "../support/stream.ts";
import { tokenOf } from "../support/token.ts";

const mariadb = await startMariadb();
const skip = need("mariadbd", mariadb, MARIADB_REMEDY);
const notOurs = mariadb?.pid() === null && "needs a server of its own to kill; unset HOTSHARD_TEST_MYSQL";
const data = temporaryFolder();
after(async () => {
  await mariadb?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("the server on MariaDB", { skip }, () => {
  test(
    "a database that vanishes in the middle and comes back costs its own writers errors, and nobody a message",
    { skip: notOurs },
    async (t) => {
      const urls = [mariadb!.url("vanishes"), `sqlite:${join(data, "beside.db")}`];
      const server = await startServer({ args: ["--shards", urls.join(",")] });
      t.after(() => server.stop());
      const count = async (series: string) => metricValue(await scrape(server.url), series);
      const untilReady = async (degraded: readonly string[]) => {
        for (;;) {
          const ready = (await (await fetch(`${server.url}/readyz`)).json()) as { degraded: string[] };
          if (ready.degraded.join() === degraded.join()) return;
          await delay(20);
        }
      };
      let acks = 0;
      let enough = Promise.withResolvers<void>();
      let wanted = 1_000;
      const onAck = () => ++acks === wanted && enough.resolve();
      const streams: Stream[] = [];
      for (let author = 1; author <= 8; author++) streams.push(await startStream(server.chat, author, onAck));
      await enough.promise;

      await mariadb!.kill();
      await untilReady(["00"]);
      // The other shard's writers go on while it is down.
      const stored = 'chat_messages_total{shard="01",result="stored"}';
      const before = await count(stored);
      while ((await count(stored)) < before + 100) await delay(5);
      await mariadb!.restart();
      await untilReady([]);
      enough = Promise.withResolvers<void>();
      wanted = acks + 1_000;
      await enough.promise;
      for (const { said } of streams) said.push("enough");
      await Promise.all(streams.map(({ client }) => client.settle()));
      assert.equal(await server.stop(), 0);

      const again = await startServer({ args: ["--shards", urls.join(",")] });
      t.after(() => again.stop());
      for (const stream of streams) {
        const { ids, count: rows } = await readBack(again.chat, stream);
        assert.equal(rows, ids.size, "nothing twice");
        for (const [client, message] of stream.acks) assert.equal(ids.get(client), message);
        // What was refused for certain is not there; what is unknown may be.
        for (const client of ids.keys()) assert.ok(stream.acks.has(client) || stream.refused.has(client));
      }
      const codes = new Set(streams.flatMap(({ refused }) => [...refused.values()]));
      assert.deepEqual([...codes], ["SHARD_UNAVAILABLE"]);
    },
  );

  test("a wrong password is a lost shard: coded, logged, and in no output", async (t) => {
    const url = new URL(mariadb!.url("locked"));
    url.password = "not-the-password";
    const server = await startServer({
      args: ["--log", "debug", "--shards", `${url.href},sqlite:${join(data, "other.db")}`],
    });
    t.after(() => server.stop());
    const ready = await fetch(`${server.url}/readyz`);
    assert.deepEqual([ready.status, await ready.json()], [200, { status: "degraded", degraded: ["00"] }]);
    assert.match(server.log(), /shard 00 is down/);
    assert.doesNotMatch(server.stdout() + server.stderr(), /not-the-password/);
  });

  test("/v1/shards tells what durability the database gives, and nothing of its URL", async (t) => {
    const server = await startServer({ args: ["--shards", `${mariadb!.url("durable")}?commitMs=5`] });
    t.after(() => server.stop());
    const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
    const text = await (await fetch(`${server.url}/v1/shards`, { headers })).text();
    const [shard] = (JSON.parse(text) as ShardsReply).shards;
    assert.equal(shard!.engine, "mysql");
    assert.match(shard!.durability!.settings, /innodb_flush_log_at_trx_commit=\d/);
    assert.deepEqual(shard!.shaped, { commitMs: 5, maxRows: null });
    assert.doesNotMatch(text, new RegExp(`127\\.0\\.0\\.1|${mariadb!.port}|te:st`));
  });
});
