import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { EdgeClock } from "../edge-clock.ts";
import { encodeError } from "../protocol/decode.ts";
import { closeCodeOf, ERRORS, type ErrorCode } from "../protocol/errors.ts";
import type { Outbox } from "./outbox.ts";
import { writeAsciiFrame } from "./text-frame.ts";
import { createUnsent, type Part } from "./unsent.ts";

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
   * Queues one frame (JSON text); what is queued in one turn of the loop leaves together.
   * @param onGone when it has left for the peer, or never will
   */
  send(frame: string, onGone?: () => void): void;
  /** Sends a ping, and closes the connection of a peer that does not read. */
  ping(): void;
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

/** What may wait for a reader before it counts as one that does not read. */
export interface Patience {
  /** Time in which nothing leaves, ms. */
  readonly unreadMs: number;
  /** A guard of the server's memory: more than a burst and a page of history. */
  readonly unreadBytes: number;
}

export interface SessionOptions extends SessionEvents {
  readonly id: string;
  readonly socket: WebSocket;
  /** What is below the WebSocket. */
  readonly stream: Duplex;
  /** Shared by all sessions of a server. */
  readonly outbox: Outbox;
  readonly clock: EdgeClock;
  readonly patience: Patience;
}

/**
 * Wraps a socket.
 *
 * Frames wait here while the stream below is full, so that each part of them that leaves is seen: a peer on a slow line
 * that reads all the time is not taken for one that does not read, however much waits for it.
 */
export function createSession({ id, socket, stream, outbox, clock, patience, ...events }: SessionOptions): Session {
  const unsent = createUnsent();
  let open = true;
  /** Whether the end of this turn flushes. */
  let isDue = false;
  /** Since when the stream is full: the age of the oldest byte that it holds. */
  let blockedSince: number | null = null;

  const session: Session = {
    id,
    user: null,
    isOpen: () => open,
    send(frame, onGone) {
      if (!open) return onGone?.();
      unsent.push(frame, onGone);
      if (isDue) return;
      isDue = true;
      outbox.add(flusher);
    },
    ping() {
      if (open && !isSlow()) socket.ping();
    },
    refuse(code, detail, id) {
      events.onError(code);
      session.send(encodeError(code, detail, id));
    },
    fail(code, detail, id) {
      if (!open) return;
      session.refuse(code, detail, id);
      const close = closeCodeOf(code);
      if (close !== undefined) session.close(close, code);
    },
    close(code, reason) {
      if (!open) return;
      while (!unsent.isEmpty() && socket.readyState === socket.OPEN) write(unsent.take());
      hangUp(code, reason);
    },
    abandon(code) {
      if (!open) return;
      events.onError(code);
      hangUp(ERRORS[code].close, code);
    },
  };

  function hangUp(code: number, reason: string): void {
    open = false;
    unsent.drop();
    events.onClosing(session);
    socket.close(code, reason);
    // A peer that never reads does not see the close frame either.
    setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  function flush(): void {
    while (!unsent.isEmpty() && blockedSince === null) {
      if (!open || socket.readyState !== socket.OPEN) return unsent.drop();
      write(unsent.take());
      if (stream.writableNeedDrain) {
        blockedSince = clock.now();
        stream.once("drain", unblock);
      }
    }
    if (unsent.isEmpty()) return;
    unsent.keep();
    isSlow();
  }

  function unblock(): void {
    blockedSince = null;
    flush();
  }

  function write({ onGone, text }: Part): void {
    if (onGone !== undefined) socket.send(text, onGone);
    else if (!writeAsciiFrame(stream, text)) socket.send(text);
  }

  /** @returns true when the connection was closed, because its peer does not read */
  function isSlow(): boolean {
    const ageMs = blockedSince === null ? 0 : clock.now() - blockedSince;
    if (ageMs <= patience.unreadMs && unsent.bytes() <= patience.unreadBytes) return false;
    session.abandon("SLOW_READER");
    return true;
  }

  socket.once("close", () => {
    open = false;
    unsent.drop();
  });
  const flusher = {
    flush() {
      isDue = false;
      flush();
    },
  };
  return session;
}
