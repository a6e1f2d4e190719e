import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { textFrame } from "../../../../loadtest/drivers/node/text-frame.ts";

const HELLO = [
  "GET / HTTP/1.1",
  "Host: here",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

test("frames of every length field are what a WebSocket server reads", async (t) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  await once(server, "listening");
  const texts = [0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000].map((length) => "x".repeat(length));
  const read: string[] = [];
  const all = new Promise<void>((resolve, reject) => {
    server.on("connection", (socket) => {
      socket.on("error", reject);
      socket.on("message", (data: Buffer, isBinary) => {
        assert.equal(isBinary, false);
        if (read.push(data.toString()) === texts.length) resolve();
      });
    });
  });
  const stream = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => stream.destroy());
  stream.write(`${HELLO.join("\r\n")}\r\n\r\n`);
  await once(stream, "data");
  for (const text of texts) stream.write(textFrame(text), "latin1");
  await all;
  assert.deepEqual(read, texts);
});
