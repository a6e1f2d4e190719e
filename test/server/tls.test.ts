import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { createAuthority, hasOpenssl, type Certificate } from "../support/certificates.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { need } from "../support/need.ts";
import { scripted } from "../support/scripted-store.ts";
import { runServer, startServer, temporaryFolder } from "../support/server.ts";
import { signToken } from "../support/token.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = need("openssl", hasOpenssl() || null, "install openssl");
const authority = skip === false ? createAuthority(folder) : null;
const LOOPBACK = "IP:127.0.0.1,DNS:localhost";

/** Does not end while virtual minutes pass. */
const token = (user: number) => signToken({ sub: String(user) });

const argsOf = ({ cert, key }: Certificate) => ["--tls-cert", cert, "--tls-key", key];

test("the chat over TLS: messages, pages, pings, and a peer that is dead", { skip }, async (t) => {
  const clock = virtualClock();
  const ca = authority!.pem;
  const server = await listen(t, [scripted()], argsOf(authority!.issue("good", LOOPBACK)), { clock });
  await server.open();
  assert.match(server.chatUrl, /^wss:/);
  const ann = await connect(server.chatUrl, 1, { ca, token: token(1) });
  const bob = await connect(server.chatUrl, 2, { ca, token: token(2), hello: "header" });
  const hung = await connect(server.chatUrl, 3, { ca, token: token(3) });
  hung.socket.pause();
  for (const text of ["ASCII", "\u20ac".repeat(4_096), "x".repeat(4_096)]) {
    ann.send(...Array.from({ length: 30 }, (_, i) => ({ type: "send", id: `${text[0]}${i}`, to: 2, text })));
    for (let i = 0; i < 30; i++) await ann.next("ack");
    for (let i = 0; i < 30; i++) assert.equal((await bob.next("message")).text, text);
  }
  for (let beat = 0; beat < 10; beat++) {
    await clock.advance(20_000);
    await ann.settle();
  }
  assert.equal(bob.socket.readyState, WebSocket.OPEN, "pongs are seen below TLS too");
  hung.socket.resume();
  assert.ok([1006, 4102].includes((await hung.closed).code));
});

/** The serial number of the certificate that a new connection is shown. */
async function serialAt(url: string): Promise<string> {
  const socket = connectTls({ port: Number(new URL(url).port), host: "127.0.0.1", ca: authority!.pem });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test(
  "SIGHUP reads the certificate again; who is connected stays, and a bad one changes nothing",
  { skip },
  async (t) => {
    const [old, fresh] = [authority!.issue("old", LOOPBACK), authority!.issue("fresh", LOOPBACK)];
    const used = { cert: join(folder, "used.pem"), key: join(folder, "used.key") };
    const use = ({ cert, key }: Certificate) => {
      copyFileSync(cert, used.cert);
      copyFileSync(key, used.key);
    };
    use(old);
    const server = await startServer({ args: ["--shards", "1", "--log", "info", ...argsOf(used)] });
    t.after(() => server.stop());
    const client = await connect(server.chat, 1, { ca: authority!.pem });
    const first = await serialAt(server.url);
    /** It tells by its log when the signal has been dealt with. */
    const hangUp = async (words: string, times: number) => {
      server.signal("SIGHUP");
      while (server.log().split(words).length - 1 < times) await delay(10);
    };
    writeFileSync(used.cert, "no certificate");
    await hangUp("could not be read again", 1);
    assert.equal(await serialAt(server.url), first);
    use(fresh);
    await hangUp("was read again", 1);
    assert.notEqual(await serialAt(server.url), first);
    await client.settle();
  },
);

test("what is no certificate with its key is refused at the start, in one line without the key", { skip }, async () => {
  const [one, two] = [authority!.issue("one", LOOPBACK), authority!.issue("two", LOOPBACK)];
  const cases: [args: string[], pattern: RegExp][] = [
    [["--tls-cert", one.cert], /--tls-key .*are given together/],
    [["--tls-key", one.key], /--tls-cert .*are given together/],
    [["--tls-cert", "/nowhere.pem", "--tls-key", one.key], /--tls-cert .*ENOENT.*nowhere\.pem/],
    [["--tls-cert", one.cert, "--tls-key", two.key], /--tls-cert .*are no certificate with its key/],
    [["--tls-cert", one.key, "--tls-key", one.key], /--tls-cert .*are no certificate with its key/],
  ];
  for (const [args, pattern] of cases) {
    const { code, stderr } = await runServer(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, pattern);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.doesNotMatch(stderr, /PRIVATE KEY/);
  }
});
