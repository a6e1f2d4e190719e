import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { MoveStatus, RebalanceReply } from "../../server/protocol/shards.ts";
import { connect } from "../support/chat-client.ts";
import { applied, ask, rebalanced, sendTo, start, texts, topologyOf, verified } from "../support/operator.ts";
import type { TestServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const PATH = "/v1/shards/rebalance";

function rowsOf(server: TestServer, label: string): number {
  const database = new DatabaseSync(join(server.data, `shard-${label}.db`), { readOnly: true });
  const { rows } = database.prepare("SELECT COUNT(*) AS rows FROM message").get() as { rows: number };
  database.close();
  return rows;
}

test("a drained shard is emptied, then leaves; every message is found all the time", async (t) => {
  const server = await start(t);
  const chat = await connect(server.chat, 1);
  await sendTo(chat, "a");
  await applied(server, { do: "drain", shard: "01" });
  await sendTo(chat, "b");
  const held = rowsOf(server, "01");
  assert.ok(held > 0);

  const dry = await ask<RebalanceReply>(server, PATH, { dryRun: true });
  assert.deepEqual([dry.status, dry.body.applied], [200, false]);
  assert.equal(rowsOf(server, "01"), held);
  const { epoch, last, waiting, work } = (await ask<MoveStatus>(server, PATH)).body;
  assert.deepEqual({ epoch, last, waiting, work }, { epoch: 2, last: null, waiting: 1, work: null });

  const { moved } = await rebalanced(server);
  assert.deepEqual(moved, { copied: held, removed: held, kept: 0 });
  assert.equal(rowsOf(server, "01"), 0);
  assert.ok(!(await texts(chat)).some((page) => page.join() !== "a,b"));
  const { match, messages } = await verified(server);
  assert.deepEqual([match, messages], [true, 60]);
  const topology = await topologyOf(server);
  assert.deepEqual([topology.segments.length, topology.shards], [1, ["00", "01", "02", "03"]]);

  await applied(server, { do: "remove", shard: "01" });
  assert.deepEqual((await topologyOf(server)).shards, ["00", "02", "03"]);
  await sendTo(chat, "c");
  assert.ok(!(await texts(chat)).some((page) => page.join() !== "a,b,c"));
  assert.equal((await verified(server)).match, true);
});

test("after splits, a merge and another placement a rebalance brings each dialog together again", async (t) => {
  const server = await start(t);
  const chat = await connect(server.chat, 1);
  await sendTo(chat, "a");
  await applied(server, { do: "split", dialog: "1_2", parts: 4 });
  for (let i = 0; i < 10; i++) await sendTo(chat, `split ${i}`);
  await applied(server, { do: "merge", dialog: "1_2" });
  await applied(server, { do: "placement", placement: "rendezvous" });
  await sendTo(chat, "z");
  const before = await texts(chat);
  const { moved } = await rebalanced(server);
  assert.ok(moved!.copied > 0 && moved!.kept === 0);
  assert.deepEqual(await texts(chat), before);
  const { match, messages } = await verified(server);
  assert.deepEqual([match, messages], [true, 12 * 30]);
  const { body } = await ask<MoveStatus>(server, PATH);
  assert.deepEqual([body.waiting, body.work], [0, null]);
});

test("what cannot be is refused: another body, nothing to stop, no right", async (t) => {
  const server = await start(t);
  for (const [body, words] of [
    [{ dryrun: true }, /`dryrun` is no field of it/u],
    [{ throttle: 1 }, /`throttle`/u],
    [[], /the body/u],
  ] as const) {
    const answer = await ask<object>(server, PATH, body);
    assert.deepEqual([answer.status, answer.body.code], [400, "BAD_FRAME"]);
    assert.match(answer.body.message, words);
  }
  const headers = { authorization: `Bearer ${tokenOf(99, "admin")}` };
  const stopped = await fetch(server.url + PATH, { method: "DELETE", headers });
  assert.deepEqual([stopped.status, ((await stopped.json()) as { code: string }).code], [409, "NOT_MOVING"]);
  assert.equal((await ask(server, PATH, {}, tokenOf(2))).status, 403);
  assert.equal((await ask(server, PATH, undefined, tokenOf(2))).status, 403);
});
