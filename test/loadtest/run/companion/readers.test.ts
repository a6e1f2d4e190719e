import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Progress } from "../../../../loadtest/drivers/contract.ts";
import { createReaders } from "../../../../loadtest/run/companion/readers.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";

const READERS = 3;
const dials = { ...DEFAULT_DIALS, users: 60, keys: 30, readRate: 40, readers: READERS, pages: 1, pageSize: 5 };
const measuring: Progress = { phase: "measure", elapsedS: 0, totalS: 9, acked: {}, sent: 0, rate: 0 };

async function chat(status: number): Promise<{ server: Server; readers: ReturnType<typeof createReaders> }> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end('{"messages":[]}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`;
  const topology = singleSegment({ labels: ["00"], placement: "slots" });
  return { server, readers: createReaders({ scenario: "history", dials, url, secret: "x", topology }) };
}

/** Until every reader has got an answer. */
async function allAnswered(server: Server): Promise<void> {
  const answered = new Set<unknown>();
  await new Promise<void>((resolve) => {
    server.on("request", ({ socket }, response) => {
      response.on("finish", () => answered.add(socket).size === READERS && resolve());
    });
  });
}

/** Until every reader's connection is closed. */
async function allLeft(server: Server): Promise<void> {
  let left = 0;
  await new Promise<void>((resolve) => {
    server.on("connection", (socket) => void socket.on("close", () => ++left === READERS && resolve()));
  });
}

for (const status of [200, 503]) {
  test(`readers leave when the messages drain; answered ${status} each time`, { timeout: 120_000 }, async (t) => {
    const { server, readers } = await chat(status);
    t.after(() => server.close());
    const [answered, left] = [allAnswered(server), allLeft(server)];
    readers.progress(measuring);
    await answered;
    readers.progress({ ...measuring, phase: "drain" });
    await left;
    const outcome = await readers.end(null);
    const { pages, failed } = outcome.adds.reads!;
    assert.ok((status === 200 ? pages : failed) > 0, JSON.stringify(outcome));
    assert.equal(status === 200 ? failed : pages, 0, JSON.stringify(outcome));
    // Without a page the server had less to do than asked.
    if (status === 200) assert.equal(outcome.readersLost, undefined);
    else assert.match(outcome.readersLost!, /^not one page came, and \d+ requests? failed$/u);
  });
}
