import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { EdgeClock } from "../edge-clock.ts";
import { encodeError } from "../../protocol/decode.ts";
import { closeCodeOf, ERRORS } from "../../protocol/errors.ts";
import type { Chat } from "../../chat/chat.ts";
import type { Session } from "../../chat/session.ts";
import { wireOf, writeAsciiFrame } from "./text-frame.ts";
import { createUnsent, type Part } from "./unsent.ts";

/** How long a closing peer may take to answer, ms. */
const CLOSE_TIMEOUT_MS = 2_000;

/** What may wait for a reader before it counts as one that does not read. */
export interface Patience {
  /** Time in which nothing leaves, ms. */
  readonly unreadMs: number;
  /** A guard of the server's memory: more than a burst and a page of history. */
  readonly unreadBytes: number;
}

/** A connection, and whom it tells. */
export interface SessionOptions {
  readonly id: string;
  readonly socket: WebSocket;
  /** What is below the WebSocket. */
  readonly stream: Duplex;
  /** What of the chat hears of errors and of its end, and writes for all connections once a turn. */
  readonly chat: Pick<Chat, "outbox" | "answered" | "leave">;
  readonly clock: EdgeClock;
  readonly patience: Patience;
}

/**
 * Wraps a socket.
 *
 * Frames wait here while the stream below is full, so that each part of them that leaves is seen: a peer on a slow line
 * that reads all the time is not taken for one that does not read, however much waits for it.
 */
export function createSession({ id, socket, stream, chat, clock, patience }: SessionOptions): Session {
  const unsent = createUnsent();
  let open = true;
  /** Whether the end of this turn flushes. */
  let isDue = false;
  /** Since when the stream is full: the age of the oldest byte that it holds. */
  let blockedSince: number | null = null;
  let cancelLook: (() => void) | null = null;

  const session: Session = {
    id,
    user: null,
    isOpen: () => open,
    send(frame, onGone) {
      if (!open) return onGone?.();
      unsent.push(frame, onGone);
      if (isDue) return;
      isDue = true;
      chat.outbox.add(flusher);
    },
    ping(payload) {
      if (open && !isSlow()) socket.ping(payload);
    },
    refuse(code, detail, id) {
      chat.answered(code);
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
      chat.answered(code);
      hangUp(ERRORS[code].close, code);
    },
  };

  function hangUp(code: number, reason: string): void {
    open = false;
    cancelLook?.();
    unsent.drop();
    chat.leave(session);
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
        watch(blockedSince);
        stream.once("drain", unblock);
      }
    }
    if (unsent.isEmpty()) return;
    unsent.keep();
    isSlow();
  }

  /** Nothing more may come for it, and pings may be off. */
  function watch(since: number): void {
    const ms = since + patience.unreadMs + 1 - clock.now();
    cancelLook = clock.after(Math.max(1, ms), () => {
      // A timer counts from the beginning of the turn that set it.
      if (open && !isSlow()) watch(since);
    });
  }

  function unblock(): void {
    blockedSince = null;
    cancelLook?.();
    flush();
  }

  function write({ onGone, shared, text }: Part): void {
    if (shared !== null && onGone === undefined) stream.write(wireOf(shared));
    else if (onGone !== undefined) socket.send(text, onGone);
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
    cancelLook?.();
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
