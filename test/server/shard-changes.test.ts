import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import type { ShardsReply } from "../../server/protocol/http.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { connect } from "../support/chat-client.ts";
import {
  applied,
  ask,
  change,
  rebalanced,
  refused,
  sendTo,
  start,
  texts,
  topologyOf,
  verified,
} from "../support/operator.ts";
import { startServer, temporaryFolder, type TestServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

test("a shard joins, takes its part, another is drained and put back; nothing is lost on the way", async (t) => {
  const server = await start(t);
  const chat = await connect(server.chat, 1);
  await sendTo(chat, "a");
  const url = `sqlite:${join(server.data, "more.db")}`;

  const dry = await change(server, { do: "add", url }, { dryRun: true });
  assert.deepEqual([dry.status, dry.body.epoch, dry.body.applied, dry.body.shard], [200, 1, false, "04"]);
  assert.ok(dry.body.forecast.movedShare < 1.02 * dry.body.forecast.idealShare);
  assert.equal((await topologyOf(server)).epoch, 1);

  const added = await applied(server, { do: "add", url });
  assert.deepEqual([added.epoch, added.shard], [2, "04"]);
  assert.ok((await sendTo(chat, "b")).has("04"));
  assert.ok(!(await texts(chat)).some((page) => page.join() !== "a,b"));
  await refused(server, { do: "add", url }, 409, "SHARD_EXISTS", /is shard 04 of this system/u);

  await applied(server, { do: "drain", shard: "01" });
  assert.ok(!(await sendTo(chat, "c")).has("01"));
  assert.ok(!(await texts(chat)).some((page) => page.join() !== "a,b,c"));
  assert.equal(metricValue(await scrape(server.url), 'chat_shard_writable{shard="01"}'), 0);
  await refused(server, { do: "pin", dialog: "1_2", shard: "01" }, 409, "NOT_WRITABLE", /takes no writes/u);
  await refused(server, { do: "remove", shard: "01" }, 409, "OWNS_ROWS", /older messages belong to shard 01/u);
  await applied(server, { do: "put-back", shard: "01" });

  const { changes, out, shards } = (await ask<ShardsReply>(server, "/v1/shards")).body;
  assert.deepEqual(out, []);
  assert.deepEqual(
    changes!.map(({ epoch, kind, words }) => `${epoch} ${kind}: ${words}`),
    ["2 add: shard 04 added", "3 drain: shard 01 drained", "4 put_back: shard 01 is back"],
  );
  assert.deepEqual(changes![0]!.forecast, added.forecast.maxOverMean);
  assert.ok(shards.every(({ stored }) => stored!.rows >= 0 && stored!.bytes >= 0));
  const page = await scrape(server.url);
  for (const kind of ["add", "drain", "put_back"]) {
    assert.equal(metricValue(page, `chat_topology_changes_total{kind="${kind}"}`), 1, kind);
  }
  const values: Record<string, number> = {
    'chat_topology_changes_total{kind="split"}': 0,
    chat_topology_epoch: 4,
    chat_topology_segments: 4,
    chat_topology_follow_seconds_count: 3,
    'chat_shard_writable{shard="01"}': 1,
    'chat_shard_writable{shard="04"}': 1,
    'chat_shard_out{shard="01"}': 0,
  };
  for (const [series, value] of Object.entries(values)) assert.equal(metricValue(page, series), value, series);
  const found = await verified(server);
  assert.deepEqual([found.match, found.messages, found.dialogs, found.epoch], [true, 90, 30, 4]);
  assert.deepEqual(
    found.shards.map(({ shard }) => shard),
    ["00", "01", "02", "03", "04"],
  );
});

/** Starts servers one after the other on one folder, which goes when the last one has ended. */
function folderOfServers(t: TestContext) {
  const data = temporaryFolder();
  const started: TestServer[] = [];
  t.after(async () => {
    await Promise.all(started.map((server) => server.stop()));
    rmSync(data, { recursive: true, force: true });
  });
  return {
    data,
    async start(shards: string): Promise<TestServer> {
      const server = await startServer({ args: ["--shards", shards], data, env: { HOTSHARD_SECRET: "" } });
      started.push(server);
      return server;
    },
  };
}

test("a shard that was added is there when the server starts again as before", async (t) => {
  const folder = folderOfServers(t);
  const first = await folder.start("2");
  await applied(first, { do: "add", url: `sqlite:${join(folder.data, "more.db")}` });
  const chat = await connect(first.chat, 1);
  assert.ok((await sendTo(chat, "a")).has("02"));
  await chat.close();
  await first.stop();
  const second = await folder.start("2");
  assert.deepEqual((await topologyOf(second)).shards, ["00", "01", "02"]);
  const { match, messages } = await verified(second);
  assert.deepEqual([match, messages], [true, 30]);
});

test("a database that was added stays in its place, whatever the command line gives for its label", async (t) => {
  const folder = folderOfServers(t);
  const first = await folder.start("3");
  await applied(first, { do: "drain", shard: "02" });
  await rebalanced(first);
  await applied(first, { do: "remove", shard: "02" });
  const { shard } = await applied(first, { do: "add", url: `sqlite:${join(folder.data, "more.db")}` });
  assert.equal(shard, "03");
  const chat = await connect(first.chat, 1);
  assert.ok((await sendTo(chat, "a")).has("03"));
  await chat.close();
  await first.stop();
  for (const shards of ["3", "4", "5"]) {
    const again = await folder.start(shards);
    const { match, messages } = await verified(again);
    assert.deepEqual([shards, match, messages], [shards, true, 30]);
    await again.stop();
  }
  assert.ok(!existsSync(join(folder.data, "shard-03.db")), "nothing is made where nothing was asked for");
});

test("a dialog is pinned, split and merged, the placement changes: each message stays where it is found", async (t) => {
  const server = await start(t);
  const chat = await connect(server.chat, 1);
  await sendTo(chat, "a");
  const shard = async (id: string): Promise<string> => {
    chat.send({ type: "send", id, to: 2, text: id });
    return (await chat.next("ack")).shard;
  };
  for (const label of ["03", "02"]) {
    await applied(server, { do: "pin", dialog: "1_2", shard: label });
    assert.equal(await shard(`on ${label}`), label);
  }
  await applied(server, { do: "split", dialog: "1_2", parts: 4 });
  const parts = new Set<string>();
  for (let i = 0; i < 40; i++) parts.add(await shard(`part ${i}`));
  assert.equal(parts.size, 4);
  await applied(server, { do: "merge", dialog: "1_2" });
  await applied(server, { do: "placement", placement: "rendezvous" });
  await sendTo(chat, "z");
  const [first, ...others] = await texts(chat);
  assert.equal(first!.length, 1 + 2 + 40 + 1);
  assert.ok(!others.some((page) => page.join() !== "a,z"));
  const { match, messages } = await verified(server);
  assert.deepEqual([match, messages], [true, 60 + 42]);
});

test("of two operators who have seen the same epoch one wins, and the other is told", async (t) => {
  const server = await start(t);
  const both = await Promise.all(["00", "01"].map((shard) => change(server, { do: "drain", shard }, { epoch: 1 })));
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 409],
  );
  const loser = both.find(({ status }) => status === 409)!.body;
  assert.equal(loser.code, "EPOCH_CHANGED");
  assert.match(loser.message, /at epoch 2, not 1: another change came first/u);
  assert.equal((await topologyOf(server)).epoch, 2);
});

test("what cannot be is refused with a code and a sentence", async (t) => {
  const server = await start(t, "--shards", "1");
  await refused(server, { do: "drain", shard: "00" }, 409, "LAST_SHARD", /add another one first/u);
  await refused(server, { do: "drain", shard: "07" }, 404, "NO_SHARD", /no shard "07": there are 00/u);
  await refused(server, { do: "remove", shard: "00" }, 409, "OWNS_ROWS", /drain it/u);
  await refused(server, { do: "split", dialog: "1_2", parts: 2 }, 409, "TOO_MANY_PARTS", /add a shard first/u);
  await refused(server, { do: "merge", dialog: "1_2" }, 409, "NO_OVERRIDE", /neither pinned nor split/u);
  await refused(server, { do: "pin", dialog: "2_1", shard: "00" }, 400, "BAD_DIALOG", /not a dialog id/u);
  await refused(server, { do: "placement", placement: "rign" }, 400, "BAD_PLACEMENT", /no placement "rign"/u);
  await refused(server, { do: "add", url: "file.db" }, 400, "BAD_SHARD_URL", /no known scheme/u);
  await refused(server, { do: "add", url: "mysql://u:secret@127.0.0.1:1/x" }, 409, "NO_ANSWER", /^(?!.*secret)/u);
  const known = `sqlite:${join(server.data, "shard-00.db")}`;
  await refused(server, { do: "add", url: known }, 409, "SHARD_EXISTS", /is shard 00 of this system/u);
});

test("only an empty database of nobody joins", async (t) => {
  const data = temporaryFolder();
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const other = await startServer({ args: ["--shards", "2"], data, env: { HOTSHARD_SECRET: "" } });
  const talker = await connect(other.chat, 1);
  await sendTo(talker, "a");
  await talker.close();
  await other.stop();
  const server = await start(t);
  const file = join(data, "shard-00.db");
  await refused(server, { do: "add", url: `sqlite:${file}` }, 409, "OTHER_CLUSTER", /belongs to system [0-9a-f]{32}/u);
  const database = new DatabaseSync(file);
  database.exec("UPDATE hotshard_shard SET cluster = NULL");
  database.close();
  await refused(server, { do: "add", url: `sqlite:${file}` }, 409, "NOT_EMPTY", /holds messages/u);
  const again = new DatabaseSync(file);
  again.exec("DELETE FROM message");
  again.close();
  assert.equal((await applied(server, { do: "add", url: `sqlite:${file}` })).shard, "04");
});

test("a body that is not what it should be is refused as a whole; so is a token without the right", async (t) => {
  const server = await start(t);
  const drain = { do: "drain", shard: "00" };
  for (const [body, words] of [
    [[], /the body/u],
    [{}, /change/u],
    [{ change: drain, dryrun: true }, /`dryrun` is no field/u],
    [{ change: drain, epoch: 0 }, /`epoch`/u],
    [{ change: drain, epoch: "1" }, /`epoch`/u],
    [{ change: { do: "burn" } }, /`change.do` is one of add, drain, .* not "burn"/u],
    [{ change: { do: "toString" } }, /one of/u],
    [{ change: { do: "drain" } }, /`change` .*shard/u],
    [{ change: { do: "drain", shard: 0 } }, /`change.shard`/u],
    [{ change: { do: "drain", shard: "00", force: true } }, /`change.force` is no field/u],
    [{ change: { do: "split", dialog: "1_2", parts: "2" } }, /`change.parts`/u],
    [{ change: { do: "take-out", shard: "00" } }, /one of/u],
  ] as const) {
    const answer = await ask<object>(server, "/v1/shards/changes", body);
    assert.deepEqual([answer.status, answer.body.code], [400, "BAD_FRAME"], JSON.stringify(body));
    assert.match(answer.body.message, words);
  }
  for (const [token, status] of [
    ["nonsense", 401],
    [tokenOf(2), 403],
  ] as const) {
    assert.equal((await ask(server, "/v1/shards/changes", { change: drain }, token)).status, status);
    assert.equal((await ask(server, "/v1/shards/verify", undefined, token)).status, status);
  }
  assert.equal((await topologyOf(server)).epoch, 1);
});

test("verify finds a message that is not where it belongs, and one that two shards have", async (t) => {
  const server = await start(t);
  const chat = await connect(server.chat, 1);
  await sendTo(chat, "a");
  assert.equal((await verified(server)).match, true);
  const [from, to] = ["00", "01"].map((label) => new DatabaseSync(join(server.data, `shard-${label}.db`)));
  const select = from!.prepare("SELECT * FROM message LIMIT 2");
  select.setReadBigInts(true);
  const rows = select.all();
  for (const row of rows) {
    const columns = Object.keys(row);
    const sql = `INSERT INTO message (${columns.join()}) VALUES (${columns.map(() => "?").join()})`;
    to!.prepare(sql).run(...Object.values(row));
  }
  const { dialog } = rows[0] as { dialog: string };
  from!.prepare("DELETE FROM message WHERE dialog = ?").run(dialog);
  for (const database of [from!, to!]) database.close();
  const { examples, match, messages, shards } = await verified(server);
  assert.deepEqual([match, messages], [false, 30]);
  assert.deepEqual(
    shards.filter(({ shard }) => shard === "01").map(({ copies, misplaced }) => [misplaced, copies]),
    [[1, 1]],
  );
  assert.deepEqual(examples.map(({ fault, owner, shard }) => `${fault} ${shard} ${owner}`).toSorted(), [
    "copy 01 00",
    "misplaced 01 00",
  ]);
});
