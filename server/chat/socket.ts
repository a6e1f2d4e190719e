import websocket from "@fastify/websocket";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { RawData, WebSocket } from "ws";
import { decode } from "../protocol/decode.ts";
import { LIMITS } from "../protocol/frames.ts";
import type { Chat } from "./chat.ts";
import type { Session } from "./session.ts";

/** How long a connection may stay without a valid `hello`, ms. */
const HELLO_TIMEOUT_MS = 10_000;
/** Beyond this the parser closes with 1009 by itself, before the message is in memory, bytes. */
const HARD_LIMIT_BYTES = 4 * LIMITS.bytes;

/** `/chat`: decodes at the edge, rejects whole, and hands valid frames to the chat. */
export const socketRoute = fp(
  async (app: FastifyInstance, { chat }: { chat: Chat }) => {
    await app.register(websocket, { options: { maxPayload: HARD_LIMIT_BYTES, perMessageDeflate: false } });
    app.get("/chat", { websocket: true }, (socket, request) => accept(chat, socket, request));
  },
  { name: "socket", dependencies: ["auth"] },
);

function accept(chat: Chat, socket: WebSocket, request: FastifyRequest): void {
  const session = chat.connect(socket);
  const late = setTimeout(() => session.fail("UNAUTHENTICATED", "no `hello` within 10 s"), HELLO_TIMEOUT_MS);
  socket.on("close", () => {
    clearTimeout(late);
    chat.disconnect(session);
  });
  // Invalid UTF-8, a bad opcode, an oversized message: ws closes with its own code; the chat only counts it.
  socket.on("error", (error) => chat.protocolError(error));
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (bearer !== undefined) hello(chat, request, session, bearer, late);
  socket.on("message", (data, isBinary) => receive(chat, request, session, late, data, isBinary));
}

function receive(
  chat: Chat,
  request: FastifyRequest,
  session: Session,
  late: NodeJS.Timeout,
  data: RawData,
  isBinary: boolean,
): void {
  if (isBinary) {
    session.fail("BAD_FRAME", "frames are text, not binary");
    session.close(1003, "BAD_FRAME");
    return;
  }
  const bytes = data as Buffer;
  if (bytes.length > LIMITS.bytes) {
    session.fail("TOO_LARGE", `the message has ${bytes.length} bytes, at most ${LIMITS.bytes} are allowed`);
    return;
  }
  const start = performance.now();
  const decoded = decode(bytes.toString(), session.user);
  chat.validated((performance.now() - start) / 1_000);
  if ("rejected" in decoded) {
    session.fail(decoded.rejected.code, decoded.rejected.message, decoded.rejected.id);
    return;
  }
  for (const frame of decoded.frames) {
    if (frame.type === "hello") hello(chat, request, session, frame.token, late);
    else if (session.user === null) {
      session.fail("UNAUTHENTICATED", "the first frame is `hello`", frame.id);
      return;
    } else chat.handle(session, session.user, frame);
  }
}

function hello(chat: Chat, request: FastifyRequest, session: Session, token: string, late: NodeJS.Timeout): void {
  if (session.user !== null) {
    session.fail("BAD_FRAME", "this connection has said hello already");
    return;
  }
  try {
    chat.welcome(session, request.server.verifyToken(token).user);
    clearTimeout(late);
  } catch (error) {
    session.fail("UNAUTHENTICATED", error instanceof Error ? error.message : "the token is not valid");
  }
}
