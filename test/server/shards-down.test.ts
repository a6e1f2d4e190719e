import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dialogId } from "../../server/placement/dialog.ts";
import { compileTopology } from "../../server/placement/router.ts";
import { singleSegment } from "../../server/placement/topology.ts";
import type { ShardsReply } from "../../server/protocol/http.ts";
import { connect } from "../support/chat-client.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { startServer, temporaryFolder, unusedPort, type TestServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const LABELS = ["00", "01", "02", "03"];
const DEAD = ["01", "03"];
const PASSWORD = "hunter2-of-nobody";
const router = compileTopology(singleSegment({ labels: LABELS, placement: "slots" }));
const data = temporaryFolder();

let server: TestServer;
before(async () => {
  const port = await unusedPort();
  const urls = LABELS.map((label) =>
    DEAD.includes(label)
      ? `mysql://someone:${PASSWORD}@127.0.0.1:${port}/shard_${label}`
      : `sqlite:${join(data, `${label}.db`)}`,
  );
  server = await startServer({ args: ["--shards", urls.join(","), "--log", "debug"] });
});
after(async () => {
  await server.stop();
  rmSync(data, { recursive: true, force: true });
});

/** A user whose dialog with user 1 is on that shard. */
function partnerOn(label: string): number {
  for (let user = 2; ; user++) {
    const index = router.place({ dialog: dialogId(1, user), id: 0n, author: 1, client: "" });
    if (LABELS[index] === label) return user;
  }
}

test("writers of a lost shard are refused at once, those of the others are served", async () => {
  const client = await connect(server.chat, 1);
  const sends = LABELS.map((label) => ({ type: "send", id: label, to: partnerOn(label), text: "x" }));
  client.send(...sends);
  for (const label of LABELS) {
    if (DEAD.includes(label)) {
      const error = await client.next("error", ({ id }) => id === label);
      assert.deepEqual([error.code, error.retryable], ["SHARD_UNAVAILABLE", true]);
    } else assert.equal((await client.next("ack", ({ id }) => id === label)).shard, label);
  }
  const page = await scrape(server.url);
  for (const label of LABELS) {
    const lost = DEAD.includes(label);
    assert.equal(metricValue(page, `chat_messages_total{shard="${label}",result="refused"}`), lost ? 1 : 0);
    assert.equal(metricValue(page, `chat_messages_total{shard="${label}",result="stored"}`), lost ? 0 : 1);
  }
  assert.equal(metricValue(page, 'chat_errors_total{code="SHARD_UNAVAILABLE"}'), 2);
});

test("a history on a lost shard is partial, not an error", async () => {
  const client = await connect(server.chat, 1);
  client.send({ type: "history", id: "h", with: partnerOn("03") });
  const page = await client.next("history");
  assert.deepEqual([page.messages, page.partial], [[], ["03"]]);
});

test("readiness names the lost shards and stays 200; an audit, which must be whole, is refused", async () => {
  const ready = await fetch(`${server.url}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { status: "degraded", degraded: DEAD });
  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  const audit = await fetch(`${server.url}/v1/audit?run=a`, { headers });
  assert.equal(audit.status, 503);
  const body = (await audit.json()) as { code: string; retryable: boolean };
  assert.deepEqual([body.code, body.retryable], ["SHARD_UNAVAILABLE", true]);
  // A message that another shard has is found all the same.
  const dialog = dialogId(1, partnerOn("02"));
  const find = (client: string) =>
    fetch(`${server.url}/v1/audit/message?dialog=${dialog}&author=1&client=${client}`, { headers });
  assert.equal(((await (await find("02")).json()) as { shard: string }).shard, "02");
  assert.equal((await find("unheard-of")).status, 503);
});

test("what a lost shard's database said is told to an admin, without the password", async () => {
  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  const reply = await fetch(`${server.url}/v1/shards`, { headers });
  const text = await reply.text();
  const { shards } = JSON.parse(text) as ShardsReply;
  for (const { label, outages = [] } of shards) {
    assert.equal(outages.length, DEAD.includes(label) ? 1 : 0);
    for (const { from, until, reason } of outages) {
      assert.ok(from > 0 && until === null);
      assert.match(reason, /^mysql:\/\/127\.0\.0\.1:\d+\/shard_0\d: ECONNREFUSED: /u);
    }
  }
  assert.ok(!text.includes(PASSWORD));
});

test("the log names the lost shards, and nothing it writes holds the password", async () => {
  for (const label of DEAD) assert.match(server.log(), new RegExp(`shard ${label} is down`));
  assert.doesNotMatch(server.stdout() + server.stderr(), new RegExp(PASSWORD));
});

test("with no shard left the server is not ready, and still answers", async (t) => {
  const port = await unusedPort();
  const lonely = await startServer({ args: ["--shards", `mysql://a:b@127.0.0.1:${port}/c`] });
  t.after(() => lonely.stop());
  const ready = await fetch(`${lonely.url}/readyz`);
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), { status: "no shard answers", degraded: ["00"] });
  assert.equal((await fetch(`${lonely.url}/healthz`)).status, 200);
});

test("an audit of a SQLite shard whose file is gone says which kind of fault it is, each time", async (t) => {
  const own = await startServer({ args: ["--shards", "2"] });
  t.after(() => own.stop());
  const client = await connect(own.chat, 1);
  const file = join(own.data, "shard-01.db");
  for (const name of [file, `${file}-wal`, `${file}-shm`]) rmSync(name, { force: true });
  // Not even a new one can be opened there.
  mkdirSync(file);
  // A write finds out, and lets go of what the file was.
  const sends = Array.from({ length: 20 }, (_, i) => ({ type: "send", id: `run-${i}`, to: 2 + i, text: "x" }));
  client.send(...sends);
  const answers = sends.map(({ id }) =>
    Promise.race([client.next("ack", (ack) => ack.id === id), client.next("error", (error) => error.id === id)]),
  );
  const lost = (await Promise.all(answers)).filter((answer) => answer.type === "error");
  assert.ok(lost.length > 0 && lost.every(({ code }) => code === "SHARD_UNAVAILABLE"));
  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  for (const path of ["/v1/audit?run=run", "/v1/audit/dialogs?run=run", "/v1/audit?run=run"]) {
    const answer = await fetch(`${own.url}${path}`, { headers });
    const { code, retryable } = (await answer.json()) as { code: string; retryable: boolean };
    assert.deepEqual([answer.status, code, retryable], [503, "SHARD_UNAVAILABLE", true], path);
  }
});
