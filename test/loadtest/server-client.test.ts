import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createServerClient } from "../../loadtest/server-client.ts";

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
