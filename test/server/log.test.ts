import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "../support/chat-client.ts";
import { startFakeLoki } from "../support/fake-loki.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { startServer, temporaryFolder, unusedPort } from "../support/server.ts";
import { signToken, tokenOf } from "../support/token.ts";

const TEXT = "planted-text-4711";
const PASSWORD = "planted-password-4712";
const SECRET = "planted-secret-4713-long";
const FORGED = "planted-token-4714";

/** The lines of a server's log. */
function linesOf(output: string): Record<string, unknown>[] {
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a whole run at `debug`: ids correlate the lines, nothing planted is in them, and Loki has every line", async (t) => {
  const loki = await startFakeLoki();
  t.after(() => loki.close());
  const dead = `mysql://user:${PASSWORD}@127.0.0.1:${await unusedPort()}/s1`;
  const data = temporaryFolder();
  const server = await startServer({
    args: ["--log", "debug", "--shards", `sqlite:${data}/a.db,${dead}`],
    env: { HOTSHARD_SECRET: SECRET, HOTSHARD_LOKI_URL: loki.url.replace("//", `//user:${PASSWORD}@`) },
    data,
  });
  t.after(() => server.kill9());
  const token = signToken({ sub: "1", exp: Math.floor(Date.now() / 1_000) + 600 }, { secret: SECRET });
  const client = await connect(server.chat, 1, { token });
  const ids = Array.from({ length: 40 }, (_, index) => `m-${index}`);
  client.send(...ids.map((id, index) => ({ type: "send", id, to: index + 2, text: TEXT })));
  while (client.untaken().length < ids.length) await client.settle();
  const acks = client.untaken().filter(({ type }) => type === "ack");
  client.socket.send(`{"type":"send","text":"${TEXT}"`);
  await client.next("error", ({ code }) => code === "BAD_FRAME");
  const forged = await connect(server.chat, 1, { token: `${FORGED}.${tokenOf(1)}`, welcome: false });
  await forged.closed;
  for (const path of ["/v1/shards", "/v1/hot", `/nowhere?token=${FORGED}`]) {
    await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${FORGED}` } });
  }
  await loki.until(() => loki.stored.length > 0);
  // Loki has them a moment before the server knows.
  const accepted = async () => metricValue(await scrape(server.url), 'chat_log_lines_total{result="accepted"}');
  while ((await accepted()) === 0) await loki.until(() => true);
  const headers = { accept: "application/openmetrics-text" };
  const page = await (await fetch(`${server.url}/metrics`, { headers })).text();
  assert.equal(await server.stop(), 0);
  rmSync(data, { recursive: true, force: true });

  const output = server.stdout() + server.stderr() + JSON.stringify(loki.stored);
  for (const planted of [TEXT, PASSWORD, SECRET, FORGED, token]) {
    assert.ok(!output.includes(planted), `${planted} is in the output`);
  }
  const lines = linesOf(server.log());
  const messages = lines.filter(({ msg }) => msg === "message");
  assert.equal(messages.length, acks.length);
  assert.ok(messages.length > 0);
  const hello = lines.find(({ msg }) => msg === "a user said hello")!;
  for (const { connection } of messages) assert.equal(connection, hello["connection"]);
  assert.ok(page.includes(`connection="${String(hello["connection"])}"} `), "exemplars name it too");

  const last = lines.at(-1)!;
  assert.deepEqual(
    { accepted: last["accepted"], dropped: last["dropped"] },
    { accepted: lines.length - 1, dropped: 0 },
  );
  assert.deepEqual(
    loki.stored.map(({ line }) => line).sort(),
    lines
      .slice(0, -1)
      .map((line) => JSON.stringify(line))
      .sort(),
  );
});

/** A server with its stdout where the test wants it; it listens on a port that is told nobody. */
async function startOnto(t: TestContext, stdout: number | "pipe") {
  const data = temporaryFolder();
  const port = await unusedPort();
  const program = new URL("../../server/main.ts", import.meta.url).pathname;
  const args = [program, "--port", String(port), "--shards", "1", "--data", data, "--log", "debug"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", stdout, "inherit"] });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(data, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  while (!(await isReady())) await delay(20);
  const client = await connect(`${url.replace("http", "ws")}/chat`, 1);
  return { child, client, exited, url };
}

const lost = async (url: string) => metricValue(await scrape(url), "chat_log_lines_lost_total");

test("a disk that is full under the log stops neither the chat nor its end, and each line is counted", async (t) => {
  const full = openSync("/dev/full", "w");
  t.after(() => closeSync(full));
  const { child, client, exited, url } = await startOnto(t, full);
  client.send({ type: "send", id: "m", to: 2, text: "hello" });
  assert.equal((await client.next("ack")).id, "m");
  // At least: the address, the public secret, listening, the hello, the message.
  while ((await lost(url)) < 5);
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});

test("a reader of the log who stops reading, and one who goes, cost lines and nothing else", async (t) => {
  const { child, client, exited, url } = await startOnto(t, "pipe");
  // A line has some 200 bytes; 4 MiB of them wait, beside what the pipe holds.
  for (let sent = 0; (await lost(url)) === 0;) {
    assert.ok(sent < 60_000, "lines are counted as lost in the end");
    client.send(...Array.from({ length: 250 }, () => ({ type: "send", id: `m${sent++}`, to: 2, text: "hello" })));
    for (let i = 0; i < 250; i++) await client.next("ack");
  }
  const stalled = await lost(url);
  child.stdout!.destroy();
  while ((await lost(url)) < stalled + 1_000);
  client.send({ type: "send", id: "last", to: 2, text: "hello" });
  assert.equal((await client.next("ack")).id, "last");
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});

test("a stop does not wait for a reader of the log who does not read", async (t) => {
  const folder = temporaryFolder();
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const end = openSync(pipe, "r+");
  t.after(() => {
    closeSync(end);
    rmSync(folder, { recursive: true });
  });
  const { child, client, exited } = await startOnto(t, end);
  for (let round = 0; round < 8; round++) {
    client.send(
      ...Array.from({ length: 250 }, (_, i) => ({ type: "send", id: `${round}-${i}`, to: 2, text: "hello" })),
    );
    for (let i = 0; i < 250; i++) await client.next("ack");
  }
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});

test("the first line tells the address, at every level; what was logged before comes after it", async (t) => {
  const silent = await startServer({ args: ["--shards", "1", "--log", "silent"] });
  t.after(() => silent.kill9());
  const server = await startServer({ args: ["--shards", "1", "--log", "info"] });
  t.after(() => server.kill9());
  assert.equal(await silent.stop(), 0);
  assert.deepEqual(linesOf(silent.stdout()), [{ listening: silent.url }]);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(
    linesOf(server.log()).map(({ msg }) => String(msg).replace(/:.*/, "")),
    ["shard 00 is up", "HOTSHARD_SECRET is not set", "listening", "stopping", "stopped"],
  );
  assert.equal(server.stderr() + silent.stderr(), "");
});
