import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { ERRORS } from "../../../server/protocol/errors.ts";
import { LIMITS, type ServerFrame } from "../../../server/protocol/frames.ts";
import { textFrame } from "./text-frame.ts";

const HANDSHAKE_MS = 10_000;
const CLOSE_MS = 1_000;

/** One user's connection after `welcome`. */
export interface Session {
  readonly user: number;
  /** `performance.now()` of the last read from the socket. */
  readonly readAt: number;
  readonly open: boolean;
  /** @param make gives a frame (JSON text, ASCII); called by the next flush, when the frame is handed to the socket */
  readonly queue: (make: () => string) => void;
  /** Sends what is queued: one frame, or arrays of at most as many as the protocol allows. */
  flush(): void;
  /** Says goodbye; resolves when the connection is gone. */
  close(): Promise<void>;
}

/** None of them may throw. */
export interface SessionHandlers {
  onFrame(session: Session, frame: ServerFrame): void;
  /** After the frames of one WebSocket message. */
  onRead(session: Session): void;
  /** A message that is not of the protocol, or a frame that the handlers choked on. */
  onBadFrame(): void;
  /** Once, after `welcome`, however the connection ended. */
  onLost(session: Session, closeCode: number): void;
}

/** The end of a connection before `welcome`. */
export class SessionRefused extends Error {
  readonly closeCode: number;
  constructor(message: string, closeCode: number) {
    super(message);
    this.name = "SessionRefused";
    this.closeCode = closeCode;
  }
}

/** Connects and says hello. @throws {SessionRefused} */
export async function openSession(
  url: string,
  user: number,
  token: string,
  handlers: SessionHandlers,
): Promise<Session> {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handshakeTimeout: HANDSHAKE_MS,
  });
  const outbox: (() => string)[] = [];
  let readAt = 0;
  let stream: Socket | null = null;

  function write(text: string): void {
    if (socket.readyState === WebSocket.OPEN) stream?.write(textFrame(text), "latin1");
  }

  const session: Session = {
    user,
    get readAt() {
      return readAt;
    },
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    queue: (make) => void outbox.push(make),
    flush() {
      for (let from = 0; from < outbox.length; from += LIMITS.frames) {
        const frames = outbox.slice(from, from + LIMITS.frames).map((make) => make());
        write(frames.length === 1 ? frames.join("") : `[${frames.join(",")}]`);
      }
      outbox.length = 0;
    },
    close: async () => closeSocket(socket),
  };

  socket.on("upgrade", (response) => {
    stream = response.socket;
    // This listener comes before that of ws, which parses: the moment is that of the read, not of the handler.
    stream.on("data", () => void (readAt = performance.now()));
  });
  await greet(socket, session, token, handlers);
  return session;
}

/** Resolves at `welcome`. What follows in the same read is the handlers' already. */
async function greet(socket: WebSocket, session: Session, token: string, handlers: SessionHandlers): Promise<void> {
  let welcomed = false;
  let reason = "the connection ended before `welcome`";
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => {
      reason = `no \`welcome\` within ${HANDSHAKE_MS / 1000} s`;
      socket.terminate();
    }, HANDSHAKE_MS);
    socket.on("error", (error) => void (reason = error.message === "" ? String(error) : error.message));
    socket.on("open", () => socket.send(JSON.stringify({ type: "hello", token })));
    socket.on("message", (data: Buffer) => {
      const frames = parse(data);
      if (frames === null) handlers.onBadFrame();
      else if (welcomed) handOver(session, frames, handlers);
      else {
        const [head, ...rest] = frames;
        if (head?.type === "error") reason = `${head.code}: ${head.message}`;
        if (head?.type !== "welcome") return;
        welcomed = true;
        clearTimeout(late);
        resolve();
        if (rest.length > 0) handOver(session, rest, handlers);
      }
    });
    socket.on("close", (code) => {
      clearTimeout(late);
      if (welcomed) handlers.onLost(session, code);
      else reject(new SessionRefused(reason, code));
    });
  });
}

function handOver(session: Session, frames: readonly ServerFrame[], handlers: SessionHandlers): void {
  for (const frame of frames) {
    try {
      handlers.onFrame(session, frame);
    } catch {
      // A frame without a field that the protocol promises.
      handlers.onBadFrame();
    }
  }
  handlers.onRead(session);
}

/** @returns the frames of one WebSocket message, or null when it is not JSON */
function parse(data: Buffer): readonly ServerFrame[] | null {
  try {
    const value: ServerFrame | ServerFrame[] = JSON.parse(data.toString());
    return Array.isArray(value) ? value : [value];
  } catch {
    return null;
  }
}

async function closeSocket(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const late = setTimeout(() => socket.terminate(), CLOSE_MS);
    socket.once("close", () => {
      clearTimeout(late);
      resolve();
    });
    socket.close(1000);
  });
}

/** Whether the server asks a closed client to stay away. */
export function isFinalClose(code: number): boolean {
  return (code >= 4000 && code < 4100) || code === ERRORS.TOO_LARGE.close;
}
