import type { Socket } from "node:net";
import websocket from "@fastify/websocket";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { RawData, WebSocket } from "ws";
import { decode } from "../../protocol/decode.ts";
import { HELLO_BYTES, LIMITS, type ClientFrame } from "../../protocol/frames.ts";
import { atMoment, type EdgeClock } from "../edge-clock.ts";
import { ApiError } from "../http/api-error.ts";
import type { Chat } from "../../chat/chat.ts";
import { startHeartbeat } from "./heartbeat.ts";
import type { Decoded } from "../../chat/sending.ts";
import type { Session } from "../../chat/session.ts";
import { createSession, type Patience } from "./session.ts";
import { createTokenBucket, type TokenBucket } from "../../token-bucket.ts";

/** Beyond this the parser closes with 1009 by itself, before the message is in memory, bytes. */
const HARD_LIMIT_BYTES = 4 * LIMITS.bytes;

export interface SocketOptions {
  readonly chat: Chat;
  /** How long a connection may stay without a valid `hello`, ms. */
  readonly helloMs: number;
  /** Most frames a second of one connection; 0 is no limit. */
  readonly rateLimit: number;
  /** Most connections at once. */
  readonly connections: number;
  /** Most connections without a `hello`. */
  readonly greetings: number;
  /** Time between two pings of the server, ms; 0 is none. */
  readonly pingMs: number;
  readonly clock: EdgeClock;
  readonly patience: Patience;
}

/** What the frames of one connection need. */
interface Connection {
  readonly chat: Chat;
  readonly session: Session;
  readonly app: FastifyInstance;
  readonly clock: EdgeClock;
  readonly bucket: TokenBucket | null;
  /** When the user's token ends, ms since 1970. */
  until: number;
  /** Cancels what would close the connection: the wait for `hello`, then the end of the token. */
  cancelEnd: () => void;
}

/** `/chat`: decodes at the edge, rejects whole, and hands valid frames to the chat. */
export const socketRoute = fp(
  async (app: FastifyInstance, options: SocketOptions) => {
    await app.register(websocket, {
      options: { maxPayload: HARD_LIMIT_BYTES, perMessageDeflate: false },
      // Invalid UTF-8, a bad opcode, an oversized message: ws closes with its own code; the chat only counts it.
      errorHandler: (error) => options.chat.protocolError(error),
    });
    // The HTTP server has let go of a socket that asked for an upgrade: one that got an answer instead stays for ever.
    app.addHook("onResponse", async (request, reply) => {
      if (request.headers.upgrade !== undefined && reply.raw.writableFinished) request.raw.socket.destroySoon();
    });
    app.route({
      method: "GET",
      url: "/chat",
      onRequest: async (request) => {
        if (options.chat.phase() === "starting") throw new ApiError("SHARD_UNAVAILABLE", "the server is starting");
        if (request.ws) demandRoom(options, bearerOf(request) !== undefined);
      },
      handler: () => {
        throw new ApiError("BAD_FRAME", "/chat is a WebSocket: connect with an upgrade");
      },
      wsHandler: (socket, request) => accept(app, options, socket, request),
    });
  },
  { name: "socket", dependencies: ["auth", "api-errors"] },
);

/** Refused before there is a connection: that costs least. @throws {ApiError} TOO_MANY_CONNECTIONS */
function demandRoom({ chat, connections, greetings }: SocketOptions, hasToken: boolean): void {
  if (chat.connections() >= connections)
    throw new ApiError("TOO_MANY_CONNECTIONS", `${connections} connections are open, and that is the most`);
  if (!hasToken && chat.greeting() >= greetings)
    throw new ApiError("TOO_MANY_CONNECTIONS", `${greetings} connections have not said hello yet`);
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

function accept(app: FastifyInstance, options: SocketOptions, socket: WebSocket, request: FastifyRequest): void {
  const { chat, clock, helloMs, patience, pingMs, rateLimit } = options;
  const session = createSession({ id: request.id, socket, stream: request.socket, chat, clock, patience });
  chat.connect(session);
  const late = (): void => session.fail("UNAUTHENTICATED", `no valid \`hello\` within ${helloMs} ms`);
  const connection: Connection = {
    chat,
    session,
    app,
    clock,
    bucket: rateLimit > 0 ? createTokenBucket(rateLimit, () => clock.now()) : null,
    until: Infinity,
    cancelEnd: clock.after(helloMs, late),
  };
  const heartbeat = startHeartbeat({
    clock,
    pingMs,
    bytesRead: () => request.socket.bytesRead,
    bytesWritten: () => request.socket.bytesWritten,
    ping: (payload) => session.ping(payload),
    onDead: () => session.abandon("UNRESPONSIVE"),
  });
  socket.on("pong", (payload) => heartbeat.pong(payload.toString()));
  socket.on("close", () => {
    heartbeat.stop();
    connection.cancelEnd();
    chat.disconnect(session);
  });
  const bearer = bearerOf(request);
  if (bearer !== undefined) hello(connection, bearer);
  socket.on("message", (data, isBinary) => receive(connection, data, isBinary));
  if (session.user === null) boundHello(session, socket, request.socket);
}

/** Nobody fills the server's memory before it is known who they are: a message is gathered until it is complete. */
function boundHello(session: Session, socket: WebSocket, stream: Socket): void {
  const before = stream.bytesRead;
  const look = (): void => {
    const isGreeting = session.user === null && session.isOpen();
    if (isGreeting && stream.bytesRead - before <= HELLO_BYTES) return;
    stream.off("data", look);
    if (!isGreeting) return;
    session.fail("TOO_LARGE", `at most ${HELLO_BYTES} bytes are taken before \`hello\``);
    socket.pause();
  };
  // After the listener of ws, which has handled what is complete by then.
  stream.on("data", look);
}

function receive(connection: Connection, data: RawData, isBinary: boolean): void {
  const { bucket, chat, clock, session } = connection;
  if (!session.isOpen()) return;
  // In a turn that is full of frames the timer comes after them.
  if (clock.wall() >= connection.until) return endToken(session);
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
  if ("rejected" in decoded) {
    if (bucket !== null && !bucket.drain(decoded.rejected.frames)) refuseHasty(session, decoded.rejected.id);
    else session.fail(decoded.rejected.code, decoded.rejected.message, decoded.rejected.id);
    return;
  }
  const times = { from: start, to: performance.now() };
  chat.decoded(times, decoded.frames.length);
  for (const frame of decoded.frames) {
    try {
      handle(connection, frame, times);
    } catch (error) {
      chat.fault(session, error, frame.type === "hello" ? undefined : frame.id);
    }
  }
}

function handle(connection: Connection, frame: ClientFrame, times: Decoded): void {
  const { bucket, chat, session } = connection;
  if (frame.type === "hello") hello(connection, frame.token);
  // After the first of them has closed the connection, the others of its message fall silent.
  else if (session.user === null) session.fail("UNAUTHENTICATED", "the first frame is `hello`", frame.id);
  else if (bucket !== null && !bucket.take()) refuseHasty(session, frame.id);
  else chat.handle(session, session.user, frame, times);
}

function hello(connection: Connection, token: string): void {
  const { app, chat, clock, session } = connection;
  if (!session.isOpen()) return;
  if (session.user !== null) {
    session.fail("BAD_FRAME", "this connection has said hello already");
    return;
  }
  try {
    const { user, until } = app.verifyToken(token);
    connection.cancelEnd();
    if (until !== null) {
      connection.until = until * 1_000;
      connection.cancelEnd = atMoment(clock, connection.until, () => endToken(session));
    }
    chat.welcome(session, user);
  } catch (error) {
    session.fail("UNAUTHENTICATED", error instanceof Error ? error.message : "the token is not valid");
  }
}

function refuseHasty(session: Session, id: string | undefined): void {
  session.refuse("RATE_LIMITED", "more frames a second than this server allows", id);
}

function endToken(session: Session): void {
  session.fail("UNAUTHENTICATED", "the token has ended: get a fresh one and reconnect");
}
