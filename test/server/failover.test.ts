import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerFrame } from "../../server/protocol/frames.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { MARIADB_REMEDY, startMariadbs, type Mariadb } from "../support/mariadb.ts";
import { need } from "../support/need.ts";
import { findProgram } from "../../tools/stack/programs.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PEERS = Array.from({ length: 24 }, (_, index) => index + 2);

interface Scene {
  readonly server: TestServer;
  readonly databases: readonly Mariadb[];
  readonly client: ChatClient;
}

const noMariadb = need("mariadbd", await findProgram(["mariadbd"]), MARIADB_REMEDY);

async function scene(t: TestContext, count: number): Promise<Scene> {
  const databases = (await startMariadbs(count, ["--max-connections=64"]))!;
  t.after(() => Promise.all(databases.map((database) => database.stop())));
  const urls = databases.map((database) => database.url("chat"));
  const server = await startServer({
    args: ["--failover", "auto", "--dead-ms", "1000", "--well-ms", "1000", "--shards", urls.join(",")],
  });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1);
  t.after(() => client.close());
  return { server, databases, client };
}

/** Sends one message to each peer, and again what is refused, until all are acknowledged. */
async function sendAll(client: ChatClient, name: string): Promise<void> {
  let left = PEERS;
  for (let tries = 0; left.length > 0; tries++) {
    assert.ok(tries < 200, `it heals by itself: ${left.length} of ${PEERS.length} messages are not taken`);
    client.send(...left.map((to) => ({ type: "send", id: `${name} ${to}`, to, text: name, resend: tries > 0 })));
    while (client.untaken().length < left.length) await client.settle();
    const answers = (client.untaken() as ServerFrame[]).splice(0);
    left = answers.flatMap((frame) => (frame.type === "error" ? [Number(frame.id!.slice(name.length + 1))] : []));
    for (const frame of answers) if (frame.type === "error") assert.equal(frame.code, "SHARD_UNAVAILABLE");
    if (left.length > 0) await delay(100);
  }
}

async function historyOf(client: ChatClient, peer: number): Promise<{ texts: string[]; partial: readonly string[] }> {
  client.send({ type: "history", id: `h${peer}`, with: peer });
  const page = await client.next("history", ({ id }) => id === `h${peer}`);
  return { texts: page.messages.map(({ text }) => text), partial: page.partial ?? [] };
}

for (const fault of ["SIGKILL", "SIGSTOP"] as const) {
  test(
    `a database that gets ${fault}: its dialogs go on elsewhere, and it comes back with all it had`,
    { skip: noMariadb },
    async (t) => {
      const { client, databases, server } = await scene(t, 3);
      await sendAll(client, "one");
      if (fault === "SIGKILL") await databases[1]!.kill();
      else process.kill(databases[1]!.pid()!, "SIGSTOP");
      const since = performance.now();
      await sendAll(client, "two");
      t.diagnostic(`every dialog was written again after ${Math.round(performance.now() - since)} ms`);
      const pages = await Promise.all(PEERS.map((peer) => historyOf(client, peer)));
      for (const { partial, texts } of pages) {
        assert.deepEqual(texts, partial.length > 0 ? ["two"] : ["one", "two"]);
        assert.ok(partial.length === 0 || partial[0] === "01");
      }
      assert.ok(
        pages.some(({ partial }) => partial.length > 0),
        "some dialogs were on the lost shard",
      );
      assert.equal(metricValue(await scrape(server.url), 'chat_shard_out{shard="01"}'), 1);
      if (fault === "SIGKILL") await databases[1]!.restart();
      else process.kill(databases[1]!.pid()!, "SIGCONT");
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 300, "the shard comes back");
        const again = await Promise.all(PEERS.map((peer) => historyOf(client, peer)));
        if (again.every(({ partial }) => partial.length === 0)) {
          for (const { texts } of again) assert.deepEqual(texts, ["one", "two"]);
          break;
        }
        await delay(100);
      }
      await sendAll(client, "three");
      const page = await scrape(server.url);
      assert.equal(metricValue(page, 'chat_shard_out{shard="01"}'), 0);
      for (const kind of ["take_out", "put_back"]) {
        assert.ok(metricValue(page, `chat_topology_changes_total{kind="${kind}"}`) >= 1, kind);
      }
    },
  );
}
