import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import type { ShardsReply } from "../../../server/protocol/http.ts";
import type { ChangeReply, MoveStatus, RebalanceReply, Verification } from "../../../server/protocol/shards.ts";
import { connect } from "../../support/chat-client.ts";
import { sendTo, start, texts } from "../../support/operator.ts";
import type { TestServer } from "../../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");

interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shards(server: TestServer, words: string, url = server.chat): Said {
  const args = [HOTSHARD, "shards", ...words.split(" "), "--url", url];
  const { status, stderr, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, HOTSHARD_SECRET: "" },
  });
  return { status, stderr, stdout };
}

/** What a command that ends well prints. */
function well(server: TestServer, words: string): string {
  const { status, stderr, stdout } = shards(server, words);
  assert.equal(status, 0, `${words}: ${stderr}`);
  return stdout;
}

function answer(server: TestServer, words: string): unknown {
  return JSON.parse(well(server, `${words} --json`));
}

/** It ends with this code and one line. */
function fails(server: TestServer, words: string, code: number, line: RegExp, url = server.chat): void {
  const { status, stderr, stdout } = shards(server, words, url);
  assert.deepEqual([status, stdout], [code, ""], `${words}: ${stderr}`);
  assert.match(stderr, line);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
}

const epochOf = (server: TestServer): number => (answer(server, "list") as ShardsReply).topology.epoch;

async function talking(t: TestContext): Promise<TestServer> {
  const server = await start(t);
  const chat = await connect(server.chat, 1);
  await sendTo(chat, "a");
  await chat.close();
  return server;
}

test("a shard is added, another one drained, emptied and removed, by the command alone", async (t) => {
  const server = await talking(t);
  const url = `sqlite:${join(server.data, "more.db")}`;
  const dry = well(server, `add ${url} --dry-run`);
  assert.match(dry, /^This would add the database as shard 04, and nothing has changed\./u);
  assert.match(dry, /keys that move +20\.0.% \(at least 20\.0.%\)\n/u);
  assert.match(dry, /max\/mean +\d\.\d\d.× before, \d\.\d\d.× after\n/u);
  assert.match(dry, /a rebalance +moves /u);
  assert.equal(epochOf(server), 1);

  assert.match(well(server, `add ${url}`), /^Done: add the database as shard 04\. The topology is at epoch 2\./u);
  const drained = answer(server, "drain 01") as ChangeReply;
  assert.deepEqual([drained.epoch, drained.applied], [3, true]);
  assert.match(well(server, "list"), /^shard +state.*of new keys\n(?:0\d +up +sqlite .*\n){5}/u);
  assert.match(well(server, "list"), /\n01 .* drained\n/u);
  assert.match(well(server, "status"), /^Epoch 3: slots over 00, 02, 03, 04; 2 older segments not rebalanced yet\./u);

  assert.match(well(server, "status"), /UTC, epoch 3: shard 01 drained; .*\n.*UTC, epoch 2: shard 04 added; /su);

  const forecast = answer(server, "rebalance --dry-run") as RebalanceReply;
  assert.equal(forecast.applied, false);
  assert.match(well(server, "rebalance --dry-run"), /^keys that move/u);
  const { last, waiting, work } = answer(server, "rebalance --no-throttle") as MoveStatus;
  assert.deepEqual([waiting, work, last!.moved!.kept], [0, null, 0]);
  assert.ok(last!.moved!.copied > 0);
  assert.match(well(server, "status"), /; no older segments\./u);
  assert.match(well(server, "remove 01"), /^Done: remove shard 01\./u);
  assert.match(well(server, "verify"), /^Every message is on its owner, once: 30 messages of 30 dialogs\./u);
  const chat = await connect(server.chat, 1);
  assert.ok(!(await texts(chat)).some((page) => page.join() !== "a"));
});

test("a dialog is pinned, split and merged, the placement changed, a drained shard put back", async (t) => {
  const server = await start(t);
  assert.match(well(server, "pin 1_2 03"), /^Done: pin dialog 1_2 to shard 03\./u);
  assert.match(well(server, "split 1_2 --parts 2"), /^Done: split dialog 1_2 over 2 shards\./u);
  assert.match(well(server, "status"), /\nsplit 1_2 over 0\d, 0\d\./u);
  assert.match(well(server, "merge 1_2"), /^Done: merge dialog 1_2\./u);
  assert.match(well(server, "placement rendezvous"), /^Done: place new messages by rendezvous\./u);
  well(server, "drain 02");
  assert.match(well(server, "add 02"), /^Done: send new messages to shard 02 again\./u);
  const { topology } = answer(server, "list") as ShardsReply;
  assert.equal(topology.epoch, 7);
  assert.deepEqual([topology.segments.at(-1)!.placement, topology.segments.at(-1)!.overrides], ["rendezvous", []]);
});

test("what is refused or mistyped is one line and exit code 2; without a server 4", async (t) => {
  const server = await start(t);
  fails(server, "drain 07", 2, /^hotshard: NO_SHARD: there is no shard "07": there are 00, 01, 02, 03$/mu);
  fails(server, "split 1_2 --parts 9", 2, /^hotshard: TOO_MANY_PARTS: 9 parts need as many shards, and 4 take writes/u);
  fails(server, "remove 00 --dry-run", 2, /^hotshard: OWNS_ROWS: .* drain it, then rebalance/u);
  fails(server, "add nonsense", 2, /^hotshard: BAD_SHARD_URL: /u);
  fails(server, "rebalance --stop", 2, /^hotshard: NOT_MOVING: /u);
  fails(server, "split 1_2 --parts two", 2, /^hotshard: BAD_OPTIONS: --parts two: a whole number$/mu);
  fails(server, "split 1_2", 2, /required option '--parts <number>'/u);
  fails(server, "drain 00 --epoch 7", 2, /^hotshard: EPOCH_CHANGED: the topology is at epoch 1, not 7/u);
  fails(server, "list", 2, /^hotshard: BAD_URL: --url nowhere: write ws:\/\/HOST:PORT\/chat$/mu, "nowhere");
  fails(server, "list", 4, /^hotshard: SERVER_UNREACHABLE: no server answers/u, "ws://127.0.0.1:9/chat");
  fails(server, "drain 00", 4, /^hotshard: SERVER_UNREACHABLE: /u, "ws://127.0.0.1:9/chat");
  assert.equal(epochOf(server), 1);
});

test("verify ends with 1, and says what is where, when a message is not on its owner", async (t) => {
  const server = await talking(t);
  const database = new DatabaseSync(join(server.data, "shard-02.db"));
  const other = new DatabaseSync(join(server.data, "shard-03.db"));
  const select = database.prepare("SELECT * FROM message LIMIT 1");
  select.setReadBigInts(true);
  const row = select.get()!;
  const columns = Object.keys(row);
  const sql = `INSERT INTO message (${columns.join()}) VALUES (${columns.map(() => "?").join()})`;
  other.prepare(sql).run(...Object.values(row));
  for (const one of [database, other]) one.close();
  const { status, stdout } = shards(server, "verify");
  assert.equal(status, 1);
  assert.match(stdout, /^The shards do not hold what they should: 30 messages of 30 dialogs\./u);
  assert.match(stdout, /\n03 +\d+ +0 +1 +[0-9a-f]+\n/u);
  assert.match(stdout, /\ncopy: message \d+ of dialog 1_\d+ is on shard 03, and belongs\s+to\s+02\./u);
  const json = shards(server, "verify --json");
  assert.deepEqual([json.status, (JSON.parse(json.stdout) as Verification).match], [1, false]);
});
