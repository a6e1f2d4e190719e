import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pino } from "pino";
import { assemble, type Assembled } from "../../server/assemble.ts";
import { readConfig } from "../../server/config.ts";
import { ConfigError } from "../../server/config-error.ts";
import { singleSegment, validateTopology } from "../../server/placement/topology.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { temporaryFolder } from "../support/server.ts";

const PEERS = Array.from({ length: 20 }, (_, i) => i + 2);

function folderOf(t: TestContext): string {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(data: string, ...args: string[]): Promise<Assembled> {
  const server = await assemble(readConfig(["--data", data, ...args], {}), pino({ level: "silent" }));
  try {
    await server.open();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function chatOf(server: Assembled): Promise<ChatClient> {
  const url = await server.app.listen({ port: 0, host: "127.0.0.1" });
  return connect(`${url.replace("http", "ws")}/chat`, 1);
}

async function end(server: Assembled): Promise<void> {
  await server.chat.stop(0);
  await server.close();
}

async function sendTo(chat: ChatClient, name: string): Promise<void> {
  chat.send(...PEERS.map((to) => ({ type: "send", id: `${name} ${to}`, to, text: "x" })));
  for (const _ of PEERS) await chat.next("ack");
}

async function foundBy(chat: ChatClient): Promise<number> {
  chat.send(...PEERS.map((peer) => ({ type: "history", id: `${peer}`, with: peer })));
  let found = 0;
  for (const _ of PEERS) found += (await chat.next("history")).messages.length;
  return found;
}

const refused = (starting: Promise<unknown>, code: string, words: RegExp): Promise<void> =>
  assert.rejects(starting, (error) => error instanceof ConfigError && error.code === code && words.test(error.message));

test("each database knows which shard it is: another order, or one twice, is refused and hides nothing", async (t) => {
  const data = folderOf(t);
  const [a, b] = ["a", "b"].map((name) => `sqlite:${join(data, name)}.db`);
  const first = await start(data, "--shards", `${a},${b}`);
  await sendTo(await chatOf(first), "one");
  await end(first);
  await refused(
    start(data, "--shards", `${b},${a}`),
    "OTHER_SHARD",
    /given as shard 0[01] is shard 0[01] of this system: give --shards the URLs in their order, each database once/,
  );
  const again = await start(data, "--shards", `${a},${b}`);
  assert.equal(await foundBy(await chatOf(again)), PEERS.length);
  await end(again);
});

test("other shards or another placement under the same epoch are refused; a newer epoch finds what was stored", async (t) => {
  const data = folderOf(t);
  const first = await start(data, "--shards", "2");
  await sendTo(await chatOf(first), "one");
  await end(first);
  for (const args of [
    ["--shards", "3"],
    ["--shards", "1"],
    ["--shards", "2", "--placement", "modulo"],
  ]) {
    await refused(start(data, ...args), "OTHER_TOPOLOGY", /change them while a server runs by `hotshard shards`/);
  }
  const topology = singleSegment({ labels: ["00", "01"], placement: "slots" });
  const next = validateTopology({
    epoch: 2,
    shards: ["00", "01", "02"],
    segments: [
      ...topology.segments,
      {
        // From now on; ids that were granted before may be a few seconds ahead.
        from: ((BigInt(Date.now() - 1_704_067_200_000) << 22n) + (20_000n << 22n)).toString(),
        placement: "slots",
        shards: ["00", "01", "02"].map((label) => ({ label, weight: 1 })),
        overrides: [],
      },
    ],
  });
  const file = join(data, "topology.json");
  writeFileSync(file, JSON.stringify(next));
  const grown = await start(data, "--shards", "3", "--topology", file);
  assert.equal(await foundBy(await chatOf(grown)), PEERS.length);
  await end(grown);
  await refused(start(data, "--shards", "2"), "OTHER_TOPOLOGY", /epoch 2 of the topology names shard 02/);
});

test("a topology that is published while the server runs: messages go on, and none is refused", async (t) => {
  const data = folderOf(t);
  const server = await start(data, "--shards", "2");
  const chat = await chatOf(server);
  await sendTo(chat, "one");
  const published = server.follower.publish(({ topology }, boundary) => ({
    topology: {
      ...topology,
      epoch: 2,
      segments: [...topology.segments, { ...topology.segments[0]!, from: boundary.toString(), placement: "modulo" }],
    },
  }));
  await sendTo(chat, "two");
  await published;
  assert.equal(server.views.current().topology.epoch, 2);
  await sendTo(chat, "three");
  assert.equal(await foundBy(chat), 3 * PEERS.length);
  await end(server);
  const again = await start(data, "--shards", "2");
  assert.equal(again.views.current().topology.epoch, 2, "the state has the newest topology");
  assert.equal(await foundBy(await chatOf(again)), 3 * PEERS.length);
  await end(again);
});
