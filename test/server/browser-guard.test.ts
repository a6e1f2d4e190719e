import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { servesHost, servesOrigin, type GuardOptions } from "../../server/edge/http/browser-guard.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";
import { tokenOf } from "../support/token.ts";

const LOOPBACK = { secretIsPublic: true, dev: false, originList: [] };
const DEV = { secretIsPublic: true, dev: true, originList: ["https://chat.example:8443"] };
const OWN_SECRET = { secretIsPublic: false, dev: false, originList: ["https://chat.example"] };

const HOSTS: readonly [host: string, served: { loopback: boolean; dev: boolean }][] = [
  ["localhost:8086", { loopback: true, dev: true }],
  ["LOCALHOST", { loopback: true, dev: true }],
  ["localhost.:1", { loopback: true, dev: true }],
  ["app.localhost", { loopback: true, dev: true }],
  ["127.0.0.1:8086", { loopback: true, dev: true }],
  ["127.9.9.9", { loopback: true, dev: true }],
  ["[::1]:8086", { loopback: true, dev: true }],
  ["192.168.1.5:8086", { loopback: false, dev: true }],
  ["[fe80::1]", { loopback: false, dev: true }],
  ["server:8086", { loopback: false, dev: true }],
  ["chat.example:1", { loopback: false, dev: true }],
  ["evil.example:8086", { loopback: false, dev: false }],
  ["127.0.0.1.evil.example", { loopback: false, dev: false }],
  ["localhost.evil.example", { loopback: false, dev: false }],
  ["", { loopback: false, dev: false }],
  ["a b", { loopback: false, dev: false }],
];

test("with the public secret a host is served by the names of loopback, with --dev by what nobody else can own", () => {
  for (const [host, { loopback, dev }] of HOSTS) {
    assert.equal(servesHost(host, LOOPBACK), loopback, `${host} on loopback`);
    assert.equal(servesHost(host, DEV), dev, `${host} with --dev`);
    assert.equal(servesHost(host, OWN_SECRET), true, `${host} with a secret of one's own`);
  }
});

const ORIGINS: readonly [origin: string, host: string, options: GuardOptions, served: boolean][] = [
  ["http://127.0.0.1:8086", "127.0.0.1:8086", LOOPBACK, true],
  ["http://127.0.0.1:3000", "127.0.0.1:8086", LOOPBACK, false],
  ["http://localhost:8086", "127.0.0.1:8086", LOOPBACK, false],
  ["https://talk.example", "talk.example", OWN_SECRET, true],
  ["https://talk.example", "TALK.example:443", OWN_SECRET, true],
  ["https://chat.example", "talk.example", OWN_SECRET, true],
  ["https://chat.example:444", "talk.example", OWN_SECRET, false],
  ["http://chat.example", "talk.example", OWN_SECRET, false],
  ["https://evil.example", "talk.example", OWN_SECRET, false],
  ["null", "talk.example", OWN_SECRET, false],
  ["", "", OWN_SECRET, false],
];

test("a page may connect to its own host, and from the origins that are named", () => {
  for (const [origin, host, options, served] of ORIGINS) {
    assert.equal(servesOrigin(origin, host, options), served, `${origin} to ${host}`);
  }
});

/** The status of an upgrade: 101, or what it was refused with. */
async function upgrade(chat: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(chat, { headers: { authorization: `Bearer ${tokenOf(1)}`, ...headers } });
  socket.on("error", () => undefined);
  const status = await new Promise<number | undefined>((resolve) => {
    socket.on("open", () => resolve(101));
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
  });
  socket.terminate();
  return status;
}

test("a browser on a page of another site gets neither the chat nor an answer", async (t) => {
  const server = await listen(t, [scripted()], ["--origins", "https://chat.example,http://other.example:81"]);
  await server.open();
  const own = new URL(server.url).host;
  for (const [headers, status] of [
    [{}, 101],
    [{ origin: server.url }, 101],
    [{ origin: "https://chat.example" }, 101],
    [{ origin: "http://other.example:81" }, 101],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    // A name of its own that the page has resolve to loopback.
    [{ origin: `http://evil.example:${own.split(":")[1]}`, host: `evil.example:${own.split(":")[1]}` }, 403],
    [{ host: "localhost" }, 101],
  ] as const) {
    assert.equal(await upgrade(server.chatUrl, headers), status, JSON.stringify(headers));
  }
  for (const path of ["/", "/metrics", "/v1/live/access", "/nowhere"]) {
    const { statusCode, body } = await server.app.inject({ url: path, headers: { host: "evil.example" } });
    assert.equal(statusCode, 403, path);
    assert.equal((JSON.parse(body) as { code: string }).code, "FORBIDDEN");
  }
  assert.equal(metricValue(await scrape(server.url), 'chat_errors_total{code="FORBIDDEN"}'), 7);
});
