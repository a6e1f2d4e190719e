import type { WebSocket } from "ws";
import { encodeError } from "../protocol/decode.ts";
import { closeCodeOf, ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { LIMITS } from "../protocol/frames.ts";

/** Bytes that may wait for a reader who does not read, before it is disconnected. */
const MOST_UNREAD_BYTES = 1_048_576;
/** How long a closing peer may take to answer, ms. */
const CLOSE_TIMEOUT_MS = 2_000;

/** One connection as the chat sees it. */
export interface Session {
  /** Null before `hello`. */
  user: number | null;
  /** Queues one frame (JSON text); what is queued in one turn of the loop leaves as one write. */
  send(frame: string): void;
  /** Sends the error frame; the connection goes on whatever the code says. */
  refuse(code: ErrorCode, detail: string, id?: string): void;
  /** Sends the error frame and closes the connection if the code says so. */
  fail(code: ErrorCode, detail: string, id?: string): void;
  /** Flushes what is queued and closes. */
  close(code: number, reason: string): void;
}

export interface SessionHooks {
  onError(code: ErrorCode): void;
}

/** Sends the frames of all sessions at the end of each turn of the event loop. */
export interface Outbox {
  readonly dirty: { flush(): void }[];
}

/** Makes the list of sessions with unsent frames; one per server. */
export function createOutbox(): Outbox {
  return { dirty: [] };
}

/** Wraps a socket. The outbox is shared by all sessions of a server, so that one turn costs one timer for all. */
export function createSession(socket: WebSocket, outbox: Outbox, hooks: SessionHooks): Session {
  let frames: string[] = [];
  let closing = false;

  const session: Session = {
    user: null,
    send(frame) {
      if (closing) return;
      if (frames.push(frame) === 1) schedule(outbox, flusher);
    },
    refuse(code, detail, id) {
      hooks.onError(code);
      session.send(encodeError(code, detail, id));
    },
    fail(code, detail, id) {
      session.refuse(code, detail, id);
      const close = closeCodeOf(code);
      if (close !== undefined) session.close(close, code);
    },
    close(code, reason) {
      if (closing) return;
      flush();
      hangUp(code, reason);
    },
  };

  function hangUp(code: number, reason: string): void {
    closing = true;
    socket.close(code, reason);
    // A peer that never reads does not see the close frame either.
    setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  function flush(): void {
    if (frames.length === 0) return;
    const batch = frames;
    frames = [];
    if (closing || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MOST_UNREAD_BYTES) {
      hooks.onError("SLOW_READER");
      hangUp(ERRORS.SLOW_READER.close, "SLOW_READER");
      return;
    }
    for (let start = 0; start < batch.length; start += LIMITS.frames) write(batch, start);
  }

  function write(batch: readonly string[], start: number): void {
    const part = start === 0 && batch.length <= LIMITS.frames ? batch : batch.slice(start, start + LIMITS.frames);
    socket.send(part.length === 1 ? part[0]! : `[${part.join(",")}]`);
  }

  const flusher = { flush };
  return session;
}

function schedule(outbox: Outbox, flusher: { flush(): void }): void {
  if (outbox.dirty.push(flusher) > 1) return;
  setImmediate(() => {
    for (const each of outbox.dirty.splice(0)) each.flush();
  });
}
