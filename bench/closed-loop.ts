import { once } from "node:events";
import { WebSocket } from "ws";
import { createToken } from "../loadtest/drivers/token.ts";
import { DEVELOPMENT_SECRET } from "../server/protocol/secret.ts";
import type { Subject } from "./subject.ts";

export interface LoopOptions {
  /** Half of them send, each to a peer of its own. */
  readonly connections: number;
  /** Messages that a sender has under way at most. */
  readonly outstanding: number;
  /** Frames in one WebSocket message. */
  readonly batch: number;
  readonly warmupS: number;
  readonly measureS: number;
}

export interface LoopResult {
  /** Acknowledged messages per second. */
  readonly perSecond: number;
  /** CPU of the server process per acknowledged message, microseconds. */
  readonly cpuMicros: number;
}

const TEXT = "The quick brown fox jumps over the lazy dog, and then has a rest under the old oak tree.";

/**
 * Senders that send again when they are answered: the same client, connections and frames for every subject.
 *
 * @throws when less reached the peers than was acknowledged: then something else than durable and delivered was
 *   measured
 */
export async function closedLoop(subject: Subject, options: LoopOptions): Promise<LoopResult> {
  const { batch, connections, measureS, outstanding, warmupS } = options;
  let acked = 0;
  let delivered = 0;
  let serial = 0;
  let running = true;
  const run = Math.random().toString(36).slice(2, 12);

  const sockets: WebSocket[] = [];
  for (let index = 0; index < connections; index++) sockets.push(await connect(subject.url, index + 1));

  function send(socket: WebSocket, to: number, count: number): void {
    for (let left = count; left > 0; left -= batch) {
      const frames = Array.from(
        { length: Math.min(batch, left) },
        () => `{"type":"send","id":"${run}-${serial++}","to":${to},"text":"${TEXT}"}`,
      );
      socket.send(frames.length === 1 ? frames[0]! : `[${frames.join(",")}]`);
    }
  }

  const senders = sockets.filter((_, index) => index % 2 === 0);
  const peers = sockets.filter((_, index) => index % 2 === 1);
  for (const peer of peers) peer.on("message", (data) => void (delivered += countOf(MESSAGE, data as Buffer)));
  senders.forEach((socket, pair) => {
    const to = 2 * pair + 2;
    let owed = 0;
    socket.on("message", (data) => {
      const acks = countOf(ACK, data as Buffer);
      acked += acks;
      owed += acks;
      // A client that batches waits until it has a batch to send.
      if (!running || owed < batch) return;
      const count = owed - (owed % batch);
      owed -= count;
      send(socket, to, count);
    });
    send(socket, to, outstanding);
  });

  await wait(warmupS);
  const before = { acked, cpu: subject.cpuMicros(), at: performance.now() };
  await wait(measureS);
  const messages = acked - before.acked;
  const cpuMicros = (subject.cpuMicros() - before.cpu) / messages;
  const perSecond = (1_000 * messages) / (performance.now() - before.at);
  running = false;
  // Some are still under way.
  if (delivered < 0.95 * acked) throw new Error(`${acked} messages were acknowledged, and only ${delivered} delivered`);
  for (const socket of sockets) socket.terminate();
  return { perSecond, cpuMicros };
}

async function connect(url: string, user: number): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${createToken(DEVELOPMENT_SECRET, user)}` };
  const socket = new WebSocket(url, { perMessageDeflate: false, headers });
  await once(socket, "open");
  return socket;
}

/** A frame of one type holds this and no other frame does: counting costs less than parsing and the same for all. */
const ACK = Buffer.from('"type":"ack"');
const MESSAGE = Buffer.from('"type":"message"');

function countOf(mark: Buffer, data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(mark); at !== -1; at = data.indexOf(mark, at + mark.length)) count++;
  return count;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1_000 * seconds));
}
