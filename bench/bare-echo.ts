import { createServer } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import type { SendFrame } from "../server/protocol/frames.ts";

/**
 * The least that a chat server can do with the same frames: parse, pass each text to the peer, ack to its author, one
 * write each. No rights, no checks, no ids, no store. Connections 2n and 2n + 1 are peers, by order of connecting.
 */
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const connections: WebSocket[] = [];

sockets.on("connection", (socket) => {
  const index = connections.push(socket) - 1;
  socket.on("message", (data) => {
    const value = JSON.parse((data as Buffer).toString()) as SendFrame | SendFrame[];
    const peer = connections[index ^ 1]!;
    peer.send(JSON.stringify(Array.isArray(value) ? value.map(message) : message(value)));
    socket.send(JSON.stringify(Array.isArray(value) ? value.map(ack) : ack(value)));
  });
});

function message({ id, text, to }: SendFrame): object {
  return { type: "message", message: "0", dialog: "1_2", from: 1, to, client: id, text };
}

function ack({ id }: SendFrame): object {
  return { type: "ack", id, message: "0", dialog: "1_2", shard: "00", stages: { queue: 0, commit: 0 } };
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}` })}\n`);
});
for (const event of ["disconnect", "SIGTERM"]) process.once(event, () => process.exit());
