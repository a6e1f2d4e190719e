import { setTimeout as delay } from "node:timers/promises";
import type { AckFrame, ErrorFrame, ServerFrame } from "../../server/protocol/frames.ts";
import { tokenOf } from "../support/token.ts";

/** One message as its author knows it. */
export interface Said {
  readonly author: number;
  readonly to: number;
  readonly client: string;
  /** Client id of the author's last message of this dialog that was acknowledged before this one was first sent. */
  readonly after: string | null;
  /** Decimal ids of its acknowledgements: more than one differs only where a twin moved. */
  readonly acks: Set<string>;
}

/** A user who sends, and sends again whatever is not acknowledged, by whichever server answers. */
export interface Talker {
  readonly said: readonly Said[];
  /** Sends one message; resolves when it is acknowledged. */
  say(to: number): Promise<void>;
  /** Longest time that a message waited for its acknowledgement, ms. */
  longestMs(): number;
  close(): void;
}

const AGAIN_MS = 100;
const ANSWER_MS = 3_000;

/** @param chats WebSocket addresses, of any number of servers */
export function createTalker(user: number, chats: () => readonly string[], random: () => number): Talker {
  const said: Said[] = [];
  const lastAcked = new Map<number, string>();
  /** The largest id that this user has seen: they may go on by another server. */
  let seen = 0n;
  const waiting = new Map<string, (frame: AckFrame | ErrorFrame | null) => void>();
  let socket: WebSocket | null = null;
  let longest = 0;
  let count = 0;
  const closed = new AbortController();

  /** Null when no server takes the connection now. */
  async function connected(): Promise<WebSocket | null> {
    if (socket?.readyState === WebSocket.OPEN) return socket;
    const all = chats();
    const chat = all[Math.floor(random() * all.length)];
    if (chat === undefined) return null;
    const next = new WebSocket(chat);
    const isOpen = await new Promise<boolean>((resolve) => {
      next.addEventListener("message", (event) => hear(String(event.data), () => resolve(true)));
      next.addEventListener("open", () => next.send(JSON.stringify({ type: "hello", token: tokenOf(user) })));
      next.addEventListener("error", () => resolve(false));
      next.addEventListener("close", () => {
        resolve(false);
        if (socket === next) lose();
      });
      setTimeout(() => resolve(false), ANSWER_MS);
    });
    if (isOpen) socket = next;
    else next.close();
    return isOpen ? next : null;
  }

  function lose(): void {
    socket = null;
    for (const answer of waiting.values()) answer(null);
    waiting.clear();
  }

  function hear(text: string, onWelcome: () => void): void {
    for (const frame of [JSON.parse(text) as ServerFrame | ServerFrame[]].flat()) {
      if (frame.type === "welcome") onWelcome();
      if (frame.type !== "ack" && frame.type !== "error") continue;
      waiting.get(frame.id ?? "")?.(frame);
      waiting.delete(frame.id ?? "");
    }
  }

  async function ask(message: Said, resend: boolean): Promise<AckFrame | ErrorFrame | null> {
    const connection = await connected();
    if (connection === null) return null;
    const { client, to } = message;
    const answer = new Promise<AckFrame | ErrorFrame | null>((resolve) => {
      waiting.set(client, resolve);
      setTimeout(() => resolve(null), ANSWER_MS).unref();
    });
    connection.send(
      JSON.stringify({ type: "send", id: client, to, text: `${user} ${client}`, resend, after: String(seen) }),
    );
    const frame = await answer;
    // A server that stands still keeps its connections: another one may answer.
    if (frame === null && socket === connection) {
      connection.close();
      lose();
    }
    return frame;
  }

  return {
    said,
    longestMs: () => longest,
    async say(to) {
      const client = `${user}.${count++}`;
      const message: Said = { author: user, to, client, after: lastAcked.get(to) ?? null, acks: new Set() };
      said.push(message);
      const start = performance.now();
      for (let tries = 0; !closed.signal.aborted; tries++) {
        const frame = await ask(message, tries > 0);
        if (frame?.type === "ack") {
          message.acks.add(frame.message);
          if (BigInt(frame.message) > seen) seen = BigInt(frame.message);
          lastAcked.set(to, client);
          longest = Math.max(longest, performance.now() - start);
          return;
        }
        if (frame?.type === "error" && !frame.retryable) throw new Error(`${frame.code}: ${frame.message}`);
        await delay(AGAIN_MS);
      }
    },
    close() {
      closed.abort();
      socket?.close();
    },
  };
}
