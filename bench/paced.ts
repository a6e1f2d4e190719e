import { once } from "node:events";
import { WebSocket } from "ws";
import { createToken } from "../loadtest/drivers/token.ts";
import { DEVELOPMENT_SECRET } from "../server/protocol/secret.ts";

/** Messages at a steady rate, and how long each took to be acknowledged. */
export interface Paced {
  /** Acknowledgements since the last call: ms from the moment for which each message was planned, and its shard. */
  take(): Answer[];
  /** Messages that were refused since the start. */
  refused(): number;
  stop(): Promise<void>;
}

export interface Answer {
  readonly to: number;
  readonly shard: string;
  readonly ms: number;
}

/** User of the first recipient; they are not connected. */
const FIRST_PEER = 1_000;

/**
 * @param rate messages a second
 * @param peers recipients, of whom the first gets `hotShare` of all messages, 0 to 1, from one author
 */
export async function startPaced(url: string, rate: number, peers: number, hotShare = 0): Promise<Paced> {
  const senders = await Promise.all(Array.from({ length: 20 }, (_, index) => connect(url, index + 1)));
  const sent = new Map<string, { at: number; to: number }>();
  let answers: Answer[] = [];
  let refused = 0;
  let serial = 0;
  const run = Math.random().toString(36).slice(2, 8);
  for (const socket of senders) {
    socket.on("message", (data) => {
      for (const frame of [JSON.parse((data as Buffer).toString())].flat() as {
        type: string;
        id: string;
        shard: string;
      }[]) {
        const message = sent.get(frame.id);
        if (message === undefined || (frame.type !== "ack" && frame.type !== "error")) continue;
        sent.delete(frame.id);
        if (frame.type === "error") refused++;
        else answers.push({ to: message.to, shard: frame.shard, ms: performance.now() - message.at });
      }
    });
  }
  const start = performance.now();
  const timer = setInterval(() => {
    for (let due = start + (serial * 1_000) / rate; due <= performance.now(); due += 1_000 / rate) {
      const isHot = (serial * hotShare) % 1 < hotShare;
      const to = FIRST_PEER + (isHot ? 0 : 1 + (serial % (peers - 1)));
      // One author for each: then a recipient is a dialog.
      const sender = senders[to % senders.length]!;
      const id = `${run}-${serial++}`;
      sent.set(id, { at: due, to });
      sender.send(JSON.stringify({ type: "send", id, to, text: "as long as what people write to each other" }));
    }
  }, 5);
  return {
    take() {
      const taken = answers;
      answers = [];
      return taken;
    },
    refused: () => refused,
    async stop() {
      clearInterval(timer);
      for (const socket of senders) socket.terminate();
    },
  };
}

/** @param share 0 to 1. @returns ms below which so many of them are */
export function quantile(answers: readonly Answer[], share: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

async function connect(url: string, user: number): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${createToken(DEVELOPMENT_SECRET, user)}` };
  const socket = new WebSocket(url, { perMessageDeflate: false, headers });
  await once(socket, "open");
  return socket;
}
