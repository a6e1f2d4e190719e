import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { encodeError } from "../protocol/decode.ts";
import { closeCodeOf, ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { LIMITS } from "../protocol/frames.ts";
import type { Outbox } from "./outbox.ts";
import { writeAsciiFrame } from "./text-frame.ts";

/** Bytes that may wait for a reader who does not read, before it is disconnected. */
const MOST_UNREAD_BYTES = 1_048_576;
/** How long a closing peer may take to answer, ms. */
const CLOSE_TIMEOUT_MS = 2_000;

/** One connection as the chat sees it. */
export interface Session {
  /** Id of the request that opened the connection: log lines name it. */
  readonly id: string;
  /** Null before `hello`. */
  user: number | null;
  /** False once it is closed, by whomever: what the peer still sends is not looked at. */
  isOpen(): boolean;
  /**
   * Queues one frame (JSON text); what is queued in one turn of the loop leaves as one write.
   * @param onGone when it has left for the peer, or never will
   */
  send(frame: string, onGone?: () => void): void;
  /** Sends the error frame; the connection goes on whatever the code says. */
  refuse(code: ErrorCode, detail: string, id?: string): void;
  /** Sends the error frame and closes the connection if the code says so. */
  fail(code: ErrorCode, detail: string, id?: string): void;
  /** Flushes what is queued and closes. */
  close(code: number, reason: string): void;
  /** Closes for a peer that does not read: what is queued is dropped, and no error frame is sent. */
  abandon(code: "SLOW_READER" | "UNRESPONSIVE"): void;
}

export interface SessionEvents {
  /** An error was answered, or ended the connection. */
  readonly onError: (code: ErrorCode) => void;
  /** The server has closed it: nothing reaches it any more, though the peer may take a while to go. */
  readonly onClosing: (session: Session) => void;
}

/**
 * Wraps a socket. The outbox is shared by all sessions of a server.
 *
 * @param stream what is below the WebSocket
 */
export function createSession(
  id: string,
  socket: WebSocket,
  stream: Duplex,
  outbox: Outbox,
  { onClosing, onError }: SessionEvents,
): Session {
  let frames: string[] = [];
  let waiting: (() => void)[] | null = null;
  let open = true;

  const session: Session = {
    id,
    user: null,
    isOpen: () => open,
    send(frame, onGone) {
      if (!open) return onGone?.();
      if (onGone !== undefined) (waiting ??= []).push(onGone);
      if (frames.push(frame) === 1) outbox.add(flusher);
    },
    refuse(code, detail, id) {
      onError(code);
      session.send(encodeError(code, detail, id));
    },
    fail(code, detail, id) {
      if (!open) return;
      session.refuse(code, detail, id);
      const close = closeCodeOf(code);
      if (close !== undefined) session.close(close, code);
    },
    close(code, reason) {
      flush();
      if (open) hangUp(code, reason);
    },
    abandon(code) {
      if (!open) return;
      onError(code);
      hangUp(ERRORS[code].close, code);
    },
  };

  function hangUp(code: number, reason: string): void {
    open = false;
    onClosing(session);
    socket.close(code, reason);
    // A peer that never reads does not see the close frame either.
    setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  function flush(): void {
    if (frames.length === 0) return;
    const batch = frames;
    const gone = waiting;
    frames = [];
    waiting = null;
    const left = gone === null ? undefined : () => gone.forEach((each) => each());
    if (!open || socket.readyState !== socket.OPEN) return left?.();
    if (socket.bufferedAmount > MOST_UNREAD_BYTES) {
      session.abandon("SLOW_READER");
      return left?.();
    }
    write(batch, left);
  }

  function write(batch: readonly string[], left: (() => void) | undefined): void {
    for (let start = 0; start < batch.length; start += LIMITS.frames) {
      const part = batch.length <= LIMITS.frames ? batch : batch.slice(start, start + LIMITS.frames);
      const text = part.length === 1 ? part[0]! : `[${part.join(",")}]`;
      if (left !== undefined && start + LIMITS.frames >= batch.length) socket.send(text, left);
      else if (!writeAsciiFrame(stream, text)) socket.send(text);
    }
  }

  socket.once("close", () => void (open = false));
  const flusher = { flush };
  return session;
}
