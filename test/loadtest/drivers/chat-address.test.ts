import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { httpBase, isLoopback } from "../../../loadtest/drivers/chat-address.ts";
import type { Progress } from "../../../loadtest/drivers/contract.ts";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { createReaders } from "../../../loadtest/run/companion/readers.ts";
import { startOwnServer } from "../../../loadtest/run/own-server.ts";
import { executeRun } from "../../../loadtest/run/run.ts";
import { createSoakWatch } from "../../../loadtest/run/companion/soak-watch.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../support/k6.ts";
import { startPathProxy, type PathProxy } from "../../support/path-proxy.ts";
import { runK6 } from "./k6/script/run-k6.ts";

test("HTTP routes are beside the chat, with the path before it", () => {
  const rows = [
    ["ws://127.0.0.1:8086/chat", "http://127.0.0.1:8086"],
    ["wss://chat.example/chat", "https://chat.example"],
    ["wss://chat.example/team/chat", "https://chat.example/team"],
    ["wss://chat.example/a/b/chat/", "https://chat.example/a/b"],
    ["wss://chat.example:8443/team/socket?v=1#top", "https://chat.example:8443/team"],
    ["ws://[::1]:8086/team/chat", "http://[::1]:8086/team"],
    ["ws://user:word@chat.example/team/chat", "http://chat.example/team"],
    ["ws://chat.example", "http://chat.example"],
    ["ws://chat.example/", "http://chat.example"],
    ["ws://chat.example?v=/a/b", "http://chat.example"],
  ] as const;
  for (const [chat, base] of rows) assert.equal(httpBase(chat), base, chat);
  for (const other of ["http://chat.example/chat", "chat", "ws://", ""])
    assert.throws(() => httpBase(other), RangeError);
});

test("loopback is 127.0.0.0/8, ::1 and localhost, and no name that looks like one", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.9.255", "[::1]"]) assert.equal(isLoopback(host), true, host);
  for (const host of ["", "chat.example", "127.0.0.1.example", "localhost.example", "10.0.0.1", "[::2]"])
    assert.equal(isLoopback(host), false, host);
});

/** A chat server that is only there below `/team`. */
async function behindPath(t: TestContext): Promise<{ readonly proxy: PathProxy; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-path-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = await startOwnServer(["--shards", "2", "--data", join(folder, "data")]);
  t.after(() => server.stop());
  const proxy = await startPathProxy(server.url.replace("ws", "http").replace("/chat", ""), "/team");
  t.after(() => proxy.close());
  return { proxy, folder };
}

test("a run behind a path of its own asks for nothing beside it", async (t) => {
  const { proxy, folder } = await behindPath(t);
  const result = await executeRun({
    scenario: "random",
    dials: { ...DEFAULT_DIALS, users: 20, rate: 50, durationS: 1, warmupS: 0 },
    driver: createNodeDriver(),
    secret: DEVELOPMENT_SECRET,
    url: proxy.chat,
    serverArgs: [],
    out: join(folder, "run"),
    command: "hotshard run random",
  });
  assert.equal(result.audit.match, true);
  assert.ok(result.traffic.acked > 0);
  for (const path of ["/team/chat", "/team/v1/shards", "/team/v1/audit", "/team/v1/audit/dialogs"])
    assert.ok(proxy.asked.has(path), path);
  assert.ok([...proxy.asked].every((path) => path.startsWith("/team/")));
});

test("k6 run behind a path of its own too", { skip: skipWithoutK6 }, async (t) => {
  const { proxy } = await behindPath(t);
  const dials = { USERS: "20", RATE: "50", DURATION: "1s", WARMUP: "0s", URL: proxy.chat };
  const { stdout, stderr } = await runK6("loadtest/scenarios/random.ts", dials);
  assert.deepEqual([...proxy.asked].toSorted(), ["/team/chat", "/team/v1/shards"], stdout + stderr);
});

test("readers and the watch of a soak ask there too", async (t) => {
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.end('{"messages":[]}');
  }).listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/team/chat`;
  const dials = { ...DEFAULT_DIALS, users: 60, keys: 30, readRate: 40, readers: 1, pages: 1, pageSize: 5 };
  const order = { dials, url, secret: "x", topology: singleSegment({ labels: ["00"], placement: "slots" }) };
  const measuring: Progress = { phase: "measure", elapsedS: 0, totalS: 9, acked: {}, sent: 0, rate: 0 };

  const watch = createSoakWatch({ ...order, scenario: "soak" });
  watch.progress(measuring);
  await watch.end(null);
  assert.deepEqual(asked, ["/team/metrics"]);

  const readers = createReaders({ ...order, scenario: "history" });
  const read = once(server, "request");
  readers.progress(measuring);
  await read;
  await readers.end(null);
  assert.match(asked[1] ?? "", /^\/team\/v1\/dialogs\/\d+_\d+\/messages\?limit=5$/u);
});
