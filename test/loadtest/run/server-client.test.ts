import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createServerClient } from "../../../loadtest/run/server-client.ts";

/** Asks whoever listens for the shards. */
async function asked(answer: RequestListener): Promise<Error & { code?: string }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    await createServerClient(`ws://127.0.0.1:${port}/chat`, "secret").shards();
  } catch (error) {
    return error as Error;
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return assert.fail("it was taken for an answer");
}

test("whoever answers as hotshard does not, or stops in the middle, is told in one line", async () => {
  const page = `<html>\n${"<p>hello</p>\n".repeat(100)}</html>`;
  const html = await asked((_, response) => void response.end(page));
  assert.equal(html.code, "SERVER_REFUSED");
  const missing = await asked((_, response) => void response.writeHead(404).end(page));
  assert.match(missing.message, /answered 404/u);
  const foreign = await asked((_, response) => void response.writeHead(401).end('{"code":"UNAUTHENTICATED"}'));
  assert.match(foreign.message, /HOTSHARD_SECRET/u);
  for (const { message } of [html, missing, foreign])
    assert.ok(message.length < 400 && !message.includes("\n"), message);
  const torn = await asked((_, response) => {
    response.writeHead(200, { "content-length": "1000" }).write('{"epoch":');
    setImmediate(() => response.destroy());
  });
  assert.equal(torn.code, "SERVER_UNREACHABLE");
});

test("a refusal of hotshard's own has its code and its words", async () => {
  const body = { code: "SHARD_UNAVAILABLE", retryable: true, message: "shard 01 does not answer" };
  const refusal = await asked((_, response) => void response.writeHead(503).end(JSON.stringify(body)));
  assert.match(refusal.message, /\/v1\/shards answered 503 SHARD_UNAVAILABLE: shard 01 does not answer$/u);
});

test("how to start a server is told as long as none has answered", async () => {
  const server = createServer((_, response) => void response.end("{}")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`;
  const client = createServerClient(url, "secret");
  await client.shards();
  server.closeAllConnections();
  await once(server.close(), "close");
  await assert.rejects(client.shards(), {
    code: "SERVER_UNREACHABLE",
    message: /^no server answers at \S+ \([^)]*\)$/u,
  });
  await assert.rejects(createServerClient(url, "secret").shards(), { message: /start one with `hotshard serve`$/u });
});
