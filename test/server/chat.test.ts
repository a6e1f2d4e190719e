import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { dialogId } from "../../server/placement/dialog.ts";
import { compileTopology } from "../../server/placement/router.ts";
import { singleSegment } from "../../server/placement/topology.ts";
import { LIMITS } from "../../server/protocol/frames.ts";
import { connect, type ChatClient } from "../support/chat-client.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const LABELS = ["00", "01", "02", "03"];
const router = compileTopology(singleSegment({ labels: LABELS, placement: "slots" }));

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** Users of their own for each test, so that the tests do not see each other. */
let lastUser = 0;
async function people(count: number): Promise<{ id: number; client: ChatClient }[]> {
  const ids = Array.from({ length: count }, () => ++lastUser);
  return Promise.all(ids.map(async (id) => ({ id, client: await connect(server.chat, id) })));
}

test("welcome tells user, node, epoch and limits, after a hello by frame or by header", async () => {
  const user = ++lastUser;
  const limits = { ...LIMITS, pingMs: 20_000, rate: 0, connections: 100 };
  const welcome = { type: "welcome", user, node: 0, epoch: 1, limits };
  const silent = await connect(server.chat, user, { hello: "none" });
  silent.send({ type: "hello", token: tokenOf(user) });
  assert.deepEqual(await silent.next("welcome"), welcome);
  const header = { authorization: `Bearer ${tokenOf(user)}` };
  const socket = new WebSocket(server.chat, { headers: header });
  const [first] = (await once(socket, "message")) as [Buffer];
  assert.deepEqual(JSON.parse(first.toString()), welcome);
  socket.close();
});

test("an ack names the stored message and the shard that the router chose; the recipient gets the text unchanged", async () => {
  const [ann, bob] = await people(2);
  const dialog = dialogId(ann!.id, bob!.id);
  const text = 'ünï "quoted" \\ \n \u0000 👩‍👩‍👧 ' + "x".repeat(4_000);
  ann!.client.send({ type: "send", id: 'a"1', to: bob!.id, text });
  const ack = await ann!.client.next("ack");
  const label = LABELS[router.place({ dialog, id: 0n, author: ann!.id, client: 'a"1' })]!;
  assert.equal(ack.dialog, dialog);
  assert.equal(ack.shard, label);
  assert.ok(ack.stages.commit > 0 && ack.stages.queue >= 0, JSON.stringify(ack.stages));
  assert.deepEqual(await bob!.client.next("message"), {
    type: "message",
    message: ack.message,
    dialog,
    shard: label,
    from: ann!.id,
    to: bob!.id,
    client: 'a"1',
    text,
  });
});

test("every connection of the recipient and the author's others get a message, the sending one does not", async () => {
  const [ann, bob] = await people(2);
  const annTwin = await connect(server.chat, ann!.id);
  const bobTwin = await connect(server.chat, bob!.id);
  ann!.client.send({ type: "send", id: "1", to: bob!.id, text: "hi" });
  for (const reader of [bob!.client, bobTwin, annTwin]) assert.equal((await reader.next("message")).text, "hi");
  await ann!.client.next("ack");
  await Promise.all([ann!.client, bob!.client, bobTwin, annTwin].map((each) => each.settle()));
  for (const each of [ann!.client, bob!.client, bobTwin, annTwin]) assert.deepEqual(each.untaken(), []);
  await annTwin.close();
  bob!.client.send({ type: "send", id: "1", to: ann!.id, text: "back" });
  assert.equal((await ann!.client.next("message")).text, "back");
});

test("a recipient without a connection is counted, and finds the message in the history", async () => {
  const [ann] = await people(1);
  const offline = async () => metricValue(await scrape(server.url), "chat_recipients_offline_total");
  const before = await offline();
  ann!.client.send({ type: "send", id: "1", to: 777_777, text: "are you there" });
  const { message } = await ann!.client.next("ack");
  assert.equal(await offline(), before + 1);
  const late = await connect(server.chat, 777_777);
  late.send({ type: "history", id: "h", with: ann!.id });
  assert.deepEqual(
    (await late.next("history")).messages.map((found) => [found.message, found.text]),
    [[message, "are you there"]],
  );
});

test("a resend is the same message: stored once, acked with the first id, delivered as a twin that says so", async () => {
  const [ann, bob] = await people(2);
  const frame = { type: "send", id: "same", to: bob!.id, text: "once" };
  ann!.client.send(frame);
  const first = await ann!.client.next("ack");
  // Alone, inside one batch twice, and from another connection of the author.
  ann!.client.send({ ...frame, resend: true });
  ann!.client.send({ ...frame, resend: true, text: "changed" }, { ...frame, text: "changed" });
  const twin = await connect(server.chat, ann!.id);
  twin.send(frame);
  for (let i = 0; i < 3; i++) assert.equal((await ann!.client.next("ack")).message, first.message);
  assert.equal((await twin.next("ack")).message, first.message);
  const got = [];
  for (let i = 0; i < 3; i++) got.push(await bob!.client.next("message"));
  assert.deepEqual(
    got.map(({ message, text, resend }) => [message, text, resend]),
    [undefined, true, true].map((resend) => [first.message, "once", resend]),
  );
  bob!.client.send({ type: "history", id: "h", with: ann!.id });
  assert.equal((await bob!.client.next("history")).messages.length, 1);
  assert.deepEqual(bob!.client.untaken(), [], "a retry that does not say so is not delivered again");
  // The id is the author's own: the same one of the other is another message.
  bob!.client.send({ ...frame, to: ann!.id });
  assert.notEqual((await bob!.client.next("ack")).message, first.message);
});

test("several frames in one message are answered each, and what leaves in one turn leaves as one array", async () => {
  const [ann] = await people(1);
  const pings = Array.from({ length: LIMITS.frames }, (_, index) => ({ type: "ping", id: String(index) }));
  const before = ann!.client.batches().length;
  ann!.client.send(...pings);
  for (const { id } of pings) assert.equal((await ann!.client.next("pong")).id, id);
  assert.deepEqual(ann!.client.batches().slice(before), [LIMITS.frames]);
  // A batch for one dialog is one commit: all acks together, in order.
  const sends = Array.from({ length: 50 }, (_, index) => ({ type: "send", id: `s${index}`, to: 888_888, text: "x" }));
  ann!.client.send(...sends);
  const ids: string[] = [];
  for (const { id } of sends) {
    const ack = await ann!.client.next("ack");
    assert.equal(ack.id, id);
    ids.push(ack.message);
  }
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
  );
  assert.deepEqual(ann!.client.batches().slice(before + 1), [50]);
});

test("groups are not there yet, and say so", async () => {
  const [ann] = await people(1);
  ann!.client.send({ type: "send", id: "1", group: 5, text: "x" }, { type: "history", id: "2", group: 5 });
  for (const id of ["1", "2"]) {
    const error = await ann!.client.next("error");
    assert.deepEqual([error.id, error.code, error.retryable], [id, "NOT_FOUND", false]);
  }
});
