import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
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
  const lines = linesOf(server.stderr());
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

test("a disk that is full under the log stops neither the chat nor its end, and each line is counted", async () => {
  const data = temporaryFolder();
  const full = openSync("/dev/full", "w");
  const program = new URL("../../server/main.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, "--port", "0", "--shards", "1", "--data", data, "--log", "debug"], {
    stdio: ["ignore", "pipe", full],
  });
  const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
  const { listening } = JSON.parse(line) as { listening: string };
  const client = await connect(`${listening.replace("http", "ws")}/chat`, 1);
  client.send({ type: "send", id: "m", to: 2, text: "hello" });
  assert.equal((await client.next("ack")).id, "m");
  // At least: the public secret, listening, the hello, the message.
  while (metricValue(await scrape(listening), "chat_log_lines_lost_total") < 4);
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number | null];
  assert.equal(code, 0);
  closeSync(full);
  rmSync(data, { recursive: true, force: true });
});
