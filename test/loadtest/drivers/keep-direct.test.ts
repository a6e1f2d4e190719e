import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { keepLoopbackDirect } from "../../../loadtest/drivers/keep-direct.ts";
import { skipWithoutK6 } from "../../support/k6.ts";
import { startServer, unusedPort } from "../../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const LOOPBACK = "localhost,127.0.0.1,[::1],::1";

test("loopback joins what is asked without a proxy, and nothing that stands there is lost", () => {
  const rows: readonly [NodeJS.ProcessEnv, string | undefined, NodeJS.ProcessEnv][] = [
    [{}, undefined, { no_proxy: LOOPBACK, NO_PROXY: LOOPBACK }],
    [
      { NO_PROXY: "a.example, .b" },
      undefined,
      { no_proxy: `a.example,.b,${LOOPBACK}`, NO_PROXY: `a.example,.b,${LOOPBACK}` },
    ],
    [{ no_proxy: "a", NO_PROXY: "b" }, undefined, { no_proxy: `a,${LOOPBACK}`, NO_PROXY: `b,${LOOPBACK}` }],
    [{ no_proxy: "*" }, undefined, { no_proxy: "*" }],
    [{}, "ws://127.0.0.2:80/chat", { no_proxy: `${LOOPBACK},127.0.0.2`, NO_PROXY: `${LOOPBACK},127.0.0.2` }],
    [{}, "wss://chat.example/chat", { no_proxy: LOOPBACK, NO_PROXY: LOOPBACK }],
    [{}, "not an address", { no_proxy: LOOPBACK, NO_PROXY: LOOPBACK }],
  ];
  for (const [given, url, wanted] of rows) {
    const env = { ...given };
    keepLoopbackDirect(env, url);
    assert.deepEqual(env, wanted, JSON.stringify(given));
    keepLoopbackDirect(env, url);
    assert.deepEqual(env, wanted, "again, and it stays");
  }
});

/** A proxy that is the only way out, as companies have it, and that must not be asked for what is here. */
async function startProxy(t: TestContext): Promise<{ readonly env: NodeJS.ProcessEnv; readonly asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end("the proxy's own loopback");
  });
  proxy.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  t.after(() => proxy.close());
  await once(proxy, "listening");
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
  const env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, url])), NODE_USE_ENV_PROXY: "1" };
  for (const name of ["NO_PROXY", "no_proxy"] as const) Reflect.deleteProperty(env, name);
  return { env, asked };
}

async function hotshard(t: TestContext, env: NodeJS.ProcessEnv, words: readonly string[]) {
  const cwd = await mkdtemp(join(tmpdir(), "hotshard-direct-"));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const child = spawn(process.execPath, [HOTSHARD, ...words], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  return { stdout, stderr };
}

const SMALL = "--users 300 --rate 50 --duration 2s --warmup 0s --json --out out".split(" ");
const RUNS: readonly [string, string | false][] = [
  ["random --driver node", false],
  ["history --driver node", false],
  ["soak --driver node", false],
  ["random --driver k6", skipWithoutK6],
];

for (const [words, skip] of RUNS) {
  test(`run ${words} beside a proxy: its own server is never asked through it`, { skip }, async (t) => {
    const { env, asked } = await startProxy(t);
    const { stdout, stderr } = await hotshard(t, env, ["run", ...words.split(" "), ...SMALL]);
    assert.deepEqual(asked, []);
    assert.notEqual(stdout, "", stderr);
    const { audit } = JSON.parse(stdout) as { audit: { match: boolean; stored: number } };
    assert.equal(audit.match, true, "the server was asked");
    assert.ok(audit.stored > 0);
  });
}

test("a Prometheus of this machine is asked directly too", { skip: skipWithoutK6 }, async (t) => {
  const { env, asked } = await startProxy(t);
  const prometheus = ["--prometheus", `http://127.0.0.1:${await unusedPort()}`];
  const { stderr } = await hotshard(t, env, ["run", "random", "--driver", "k6", ...prometheus, ...SMALL]);
  assert.deepEqual(asked, []);
  assert.match(stderr, /^hotshard: NO_PROMETHEUS: .*ECONNREFUSED/mu);
});

// Elsewhere 127.0.0.1 is the only address of loopback unless somebody adds one.
test("any address of loopback", { skip: process.platform !== "linux" && "Linux only" }, async (t) => {
  const server = await startServer({ args: ["--host", "127.0.0.2"] });
  t.after(() => server.stop());
  const { env, asked } = await startProxy(t);
  const words = ["run", "random", "--driver", "node", "--url", server.chat, ...SMALL];
  const { stdout, stderr } = await hotshard(t, env, words);
  assert.deepEqual(asked, []);
  assert.match(stdout, /"match":true/u, stderr);
});
