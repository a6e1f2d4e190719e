import { WebSocket } from "k6/websockets";
import type { ErrorFrame, ServerFrame } from "../../../../server/protocol/frames.ts";
import { signToken } from "./token.ts";

/** One VU's sockets, one per user. */
export interface Connections {
  /** True once all the first users were welcomed. */
  ready(): boolean;
  readonly isOpen: (user: number) => boolean;
  /** Connects one more user, in the course of the run; like a lost one it is tried again until it succeeds. */
  readonly join: (user: number) => void;
  readonly send: (user: number, frame: string) => void;
  closeAll(): void;
}

export interface ConnectionEvents {
  /** A frame other than `welcome`; `timestamp` is k6's, of the moment when it was read from the socket. */
  frames(user: number, frames: readonly ServerFrame[], timestamp: number): void;
  opened(user: number, timestamp: number): void;
  /** A connection was refused or lost; that the next try fails, too, is not told. */
  failed(user: number, reason: string): void;
}

/** Handshakes under way at once in one VU: more would overflow the server's backlog of connections. */
const HANDSHAKES = 32;
/** Before a lost user is connected again, ms: as the Node driver does it. */
const BACK_OFF_MS = { first: 100, most: 2_000 } as const;
/** `readyState` of an open socket: k6's sockets do not carry the constant that the types promise. */
const OPEN = 1;
/** A label for k6's own metrics instead of the address. */
const TAGS = { name: "chat" };

/**
 * Opens a socket for every user, some at a time. Who is lost is connected again with back-off until `closeAll`, unless
 * the server refused it for good; a first connection that is refused is not tried again.
 */
export function connect(url: string, secret: string, users: readonly number[], events: ConnectionEvents): Connections {
  const all: WebSocket[] = [];
  const sockets = new Map<number, WebSocket>();
  let welcomed = 0;
  let next = 0;
  let closing = false;

  function openNext(): void {
    const user = users[next];
    if (user === undefined || closing) return;
    next += 1;
    open(user, openNext, null);
  }

  /** Spread, so that a server that comes back is not met by everybody at once. */
  function openAgain(user: number, waitMs: number): void {
    setTimeout(() => void (closing || open(user, () => {}, waitMs)), waitMs * (0.5 + Math.random()));
  }

  /** @param waitedMs null: for the first time; 0: it is tried again when it fails; else after a wait of so long */
  function open(user: number, then: () => void, waitedMs: number | null): void {
    const headers = { Authorization: `Bearer ${signToken(user, secret)}` };
    const socket = new WebSocket(url, null, { headers, tags: TAGS });
    all.push(socket);
    let isWelcome = false;
    let hasFailed = false;
    let isRefused = false;
    const fail = (reason: string) => {
      // k6 tells of an error and then of the close.
      if (hasFailed || closing) return;
      hasFailed = true;
      sockets.delete(user);
      if (isWelcome || waitedMs === null || waitedMs === 0) events.failed(user, reason);
      if (isRefused || (!isWelcome && waitedMs === null)) return;
      const waited = isWelcome ? 0 : (waitedMs ?? 0);
      openAgain(user, waited === 0 ? BACK_OFF_MS.first : Math.min(2 * waited, BACK_OFF_MS.most));
    };
    // A close during the handshake would block k6's event loop for good when the handshake fails.
    socket.onopen = () => {
      if (closing) socket.close();
    };
    socket.onmessage = (event) => {
      if (event === undefined || typeof event.data !== "string" || closing) return;
      const parsed = JSON.parse(event.data) as ServerFrame | ServerFrame[];
      const frames = Array.isArray(parsed) ? parsed : [parsed];
      // Of the connection itself, not of one message.
      isRefused ||= frames.some((frame) => frame.type === "error" && frame.id === undefined && !frame.retryable);
      if (isWelcome) return events.frames(user, frames, event.timestamp);
      if (frames[0]?.type === "error") return fail(refusal(frames[0]));
      if (frames[0]?.type !== "welcome") return fail("the first frame is no welcome");
      isWelcome = true;
      welcomed += 1;
      sockets.set(user, socket);
      events.opened(user, event.timestamp);
      if (frames.length > 1) events.frames(user, frames.slice(1), event.timestamp);
      then();
    };
    socket.onerror = (event) => fail(event?.error ?? "error");
    socket.onclose = () => fail("closed by the server");
  }

  for (let i = 0; i < HANDSHAKES; i += 1) openNext();
  return {
    ready: () => welcomed >= users.length,
    join: (user) => open(user, () => {}, 0),
    isOpen: (user) => sockets.has(user),
    send: (user, frame) => sockets.get(user)?.send(frame),
    closeAll() {
      closing = true;
      for (const socket of all) if (socket.readyState === OPEN) socket.close();
    },
  };
}

function refusal(frame: ErrorFrame): string {
  return `${frame.code}: ${frame.message}`;
}
