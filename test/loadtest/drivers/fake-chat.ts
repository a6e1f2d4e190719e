import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { dialogId } from "../../../server/placement/dialog.ts";
import { LIMITS, type SendFrame } from "../../../server/protocol/frames.ts";
import type { ErrorCode } from "../../../server/protocol/errors.ts";

/** One message in the hands of a chat that may treat it badly. */
export interface Sent {
  /** 1 for the first message of the chat, 2 for the next … */
  readonly number: number;
  readonly author: number;
  readonly frame: SendFrame;
  readonly ack: () => void;
  /** @param more fields of the frame */
  readonly deliver: (more?: object) => void;
  refuse(code: ErrorCode): void;
  /** Sends the author anything at all. */
  say(text: string): void;
  close(code: number): void;
}

export interface FakeChat {
  readonly url: string;
  /** Handshakes so far. */
  readonly connections: number;
  stop(): Promise<void>;
}

function tell(peer: WebSocket | undefined, reply: object): void {
  peer?.send(JSON.stringify(reply));
}

/**
 * A chat on one shard `00` that keeps nothing and does with each message what the test says: the protocol's faults can be
 * planted one by one.
 *
 * @param turnsAway the code by which a user's connection is closed as soon as it is welcomed; null: it is kept
 */
export async function startFakeChat(
  onSend: (sent: Sent) => void,
  turnsAway: (user: number) => number | null = () => null,
): Promise<FakeChat> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/chat" });
  await once(server, "listening");
  const users = new Map<number, WebSocket>();
  let messages = 0;
  let connections = 0;

  function sentBy(author: number, socket: WebSocket, frame: SendFrame): Sent {
    const { id, to = 0, text } = frame;
    const number = ++messages;
    const head = { message: String(number), dialog: dialogId(author, to), shard: "00" };
    return {
      number,
      author,
      frame,
      ack: () => tell(socket, { type: "ack", id, ...head, stages: { queue: 0, commit: 1 } }),
      deliver: (more) => tell(users.get(to), { type: "message", ...head, from: author, to, client: id, text, ...more }),
      refuse: (code) => tell(socket, { type: "error", id, code, retryable: true, message: code }),
      say: (words) => socket.send(words),
      close: (code) => socket.close(code),
    };
  }

  server.on("connection", (socket, request) => {
    let user = 0;
    connections++;
    const welcome = (token: string) => {
      const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
      user = Number(claims.sub);
      users.set(user, socket);
      socket.send(JSON.stringify({ type: "welcome", user, node: 0, epoch: 1, limits: LIMITS }));
      const code = turnsAway(user);
      if (code !== null) socket.close(code);
    };
    const bearer = request.headers.authorization;
    if (bearer !== undefined) welcome(bearer);
    socket.on("message", (data: Buffer) => {
      for (const frame of [JSON.parse(data.toString())].flat()) {
        if (frame.type === "send") onSend(sentBy(user, socket, frame));
        else welcome(frame.token);
      }
    });
  });

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`,
    get connections() {
      return connections;
    },
    async stop() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}
