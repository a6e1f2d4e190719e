import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { readText } from "../../../../loadtest/traffic/text.ts";
import { dialogId } from "../../../../server/placement/dialog.ts";
import type { MessageFrame, SendFrame, ServerFrame } from "../../../../server/protocol/frames.ts";

/** What the server forgets to do, once. */
export type Slip = "none" | "ack" | "message" | "order";

/** A chat without a store that makes one mistake on purpose. Users are told by the token's `sub`, unchecked. */
export async function startEchoServer(slip: Slip): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const readers = new Map<number, WebSocket>();
  let slips = slip === "none" ? 0 : 1;
  let held: MessageFrame | null = null;
  let count = 0;

  const tell = (user: number, frame: ServerFrame) => readers.get(user)?.send(JSON.stringify(frame));
  const takeSlip = (kind: Slip) => kind === slip && slips-- > 0;

  function onSend(from: number, { id, to, text }: SendFrame & { to: number }): void {
    const [dialog, message, shard] = [dialogId(from, to), String((count += 1)), "00"];
    const frame: MessageFrame = { type: "message", message, dialog, shard, from, to, client: id, text };
    if (!takeSlip("ack")) tell(from, { type: "ack", id, message, dialog, shard, stages: { queue: 0, commit: 1 } });
    if (held !== null && comesAfter(frame, held)) {
      tell(to, frame);
      tell(to, held);
      held = null;
    } else if (readers.has(to) && takeSlip("order")) held = frame;
    else if (!readers.has(to) || !takeSlip("message")) tell(to, frame);
  }

  server.on("connection", (socket, request) => {
    const claims = request.headers.authorization?.split(".")[1] ?? "";
    const user = Number((JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub: string }).sub);
    readers.set(user, socket);
    const limits = { frames: 256, bytes: 524_288, text: 4_096, id: 64, page: 200 };
    tell(user, { type: "welcome", user, node: 0, epoch: 0, limits });
    socket.on("message", (data) => onSend(user, JSON.parse((data as Buffer).toString()) as SendFrame & { to: number }));
  });

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`,
    async stop() {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

/** Whether the author had the answer to `held` in hand when it wrote `frame`: only then is their order a promise. */
function comesAfter(frame: MessageFrame, held: MessageFrame): boolean {
  const samePair = frame.from === held.from && frame.to === held.to;
  return samePair && (readText(frame.text)?.settled ?? 0) >= (readText(held.text)?.seq ?? Number.POSITIVE_INFINITY);
}
