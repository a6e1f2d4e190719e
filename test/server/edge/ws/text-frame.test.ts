import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { wireOf, writeAsciiFrame } from "../../../../server/edge/ws/text-frame.ts";

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join("");

test("frames of every form of length arrive as they are, between those of ws", async (t) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  t.after(() => server.close());
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: string[] = [];
  client.on("message", (data) => received.push((data as Buffer).toString()));
  const [socket, request] = await once(server, "connection");

  const texts = [0, 1, 125, 126, 127, 255, 256, 4_097, 65_535].map((length) => ASCII.repeat(512).slice(0, length));
  for (const text of texts) {
    assert.equal(writeAsciiFrame(request.socket, text), true, `${text.length} bytes`);
    socket.send("ü");
  }
  for (const text of ["x".repeat(65_536), "ü", "\u0080", "\ud800", "👩"]) {
    assert.equal(writeAsciiFrame(request.socket, text), false, "nothing is written");
  }
  const shared = [0, 1, 125, 126, 65_535, 65_536, 100_000].map((length) => ASCII.repeat(1_000).slice(0, length));
  for (const text of [...shared, "ü👩", "ü".repeat(40_000)]) {
    const frame = { text, wire: null };
    const wire = wireOf(frame);
    assert.equal(wireOf(frame), wire, "made once");
    request.socket.write(wire);
  }
  socket.close();
  await once(client, "close");
  assert.deepEqual(received, [...texts.flatMap((text) => [text, "ü"]), ...shared, "ü👩", "ü".repeat(40_000)]);
});
