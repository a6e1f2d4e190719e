import { once } from "node:events";
import { WebSocket } from "ws";
import type { ServerFrame } from "../../server/protocol/frames.ts";
import { tokenOf } from "./token.ts";

type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** Turns a hang into a failure: far above what anything takes on a busy machine. */
const PATIENCE_MS = 120_000;

/** One connection to a server's chat. */
export interface ChatClient {
  readonly socket: WebSocket;
  /** The close code and reason, once it is closed by whomever. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Sends one frame as an object, several as an array. */
  send(...frames: readonly object[]): void;
  /**
   * The next frame of that type that was not taken yet, waiting for it.
   * @param where only frames that satisfy it; the others stay
   */
  next<T extends ServerFrame["type"]>(type: T, where?: (frame: Frame<T>) => boolean): Promise<Frame<T>>;
  /** All frames that came and were not taken, in order. */
  untaken(): readonly ServerFrame[];
  /** How many frames each WebSocket message held. */
  batches(): readonly number[];
  /** A ping and its pong: everything that the server had sent before has come. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

interface ConnectOptions {
  /** How to say hello: as a frame (default), in the header of the upgrade, or not at all. */
  readonly hello?: "frame" | "header" | "none";
  readonly token?: string;
  /** False for a token that the server will not welcome. Default true. */
  readonly welcome?: boolean;
  /** Certificate of the authority that is trusted, PEM. */
  readonly ca?: Buffer;
}

interface Waiter {
  readonly takes: (frame: ServerFrame) => boolean;
  readonly resolve: (frame: ServerFrame) => void;
  readonly reject: (error: Error) => void;
}

/** Connects, and waits for the welcome where there will be one. */
export async function connect(chat: string, user: number, options: ConnectOptions = {}): Promise<ChatClient> {
  const { ca, hello = "frame", token = tokenOf(user), welcome = hello !== "none" } = options;
  const headers = hello === "header" ? { authorization: `Bearer ${token}` } : {};
  const client = wrap(new WebSocket(chat, { headers, perMessageDeflate: false, ...(ca !== undefined && { ca }) }));
  await once(client.socket, "open");
  if (hello === "frame") client.send({ type: "hello", token });
  if (welcome) await client.next("welcome");
  return client;
}

function wrap(socket: WebSocket): ChatClient {
  const frames: ServerFrame[] = [];
  const batches: number[] = [];
  let waiters: Waiter[] = [];
  let pings = 0;

  socket.on("message", (data) => {
    const value = JSON.parse((data as Buffer).toString()) as ServerFrame | ServerFrame[];
    const batch = Array.isArray(value) ? value : [value];
    batches.push(batch.length);
    for (const frame of batch) take(frame);
  });
  socket.on("error", () => undefined);
  // Not `once`, which takes an error for the end.
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => {
      for (const { reject } of waiters) reject(new Error(`closed with ${code} while waiting`));
      resolve({ code, reason: reason.toString() });
    });
  });

  function take(frame: ServerFrame): void {
    const waiter = waiters.find(({ takes }) => takes(frame));
    if (waiter === undefined) return void frames.push(frame);
    waiters = waiters.filter((other) => other !== waiter);
    waiter.resolve(frame);
  }

  const client: ChatClient = {
    socket,
    closed,
    send: (...all) => socket.send(JSON.stringify(all.length === 1 ? all[0] : all)),
    next<T extends ServerFrame["type"]>(type: T, where: (frame: Frame<T>) => boolean = () => true) {
      const takes = (frame: ServerFrame) => frame.type === type && where(frame as Frame<T>);
      const index = frames.findIndex(takes);
      if (index !== -1) return Promise.resolve(frames.splice(index, 1)[0] as Frame<T>);
      return new Promise<Frame<T>>((resolve, reject) => {
        const waiter = { takes, resolve: resolve as Waiter["resolve"], reject };
        waiters.push(waiter);
        setTimeout(() => reject(new Error(`no ${type} within ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
      });
    },
    untaken: () => frames,
    batches: () => batches,
    async settle() {
      const id = `settle-${++pings}`;
      client.send({ type: "ping", id });
      await client.next("pong", (pong) => pong.id === id);
    },
    async close() {
      socket.close();
      await closed;
    },
  };
  return client;
}
