import { once } from "node:events";
import { WebSocket } from "ws";
import { createToken } from "../loadtest/drivers/token.ts";
import { DEVELOPMENT_SECRET } from "../server/protocol/secret.ts";
import type { Subject } from "./subject.ts";

export interface IdleRow {
  readonly connections: number;
  /** Growth of the server's resident memory per open, greeted and silent connection, kilobytes of 1,000 bytes. */
  readonly kilobytesEach: number;
}

/** Connections that are opened at once, so that the server's listen queue does not overflow. */
const AT_ONCE = 100;

/** Opens connections that say hello and nothing else. Needs as many file descriptors, twice. */
export async function measureIdleConnections(subject: Subject, connections: number): Promise<IdleRow> {
  // The first ones pay for code and buffers that all share.
  const first = await open(subject, 1, AT_ONCE);
  const before = subject.residentBytes();
  const sockets: WebSocket[] = [];
  for (let user = AT_ONCE; user < connections + AT_ONCE; user += AT_ONCE)
    sockets.push(...(await open(subject, user, AT_ONCE)));
  const kilobytesEach = (subject.residentBytes() - before) / sockets.length / 1_000;
  for (const socket of [...first, ...sockets]) socket.terminate();
  return { connections: sockets.length, kilobytesEach };
}

function open(subject: Subject, user: number, count: number): Promise<WebSocket[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const headers = { authorization: `Bearer ${createToken(DEVELOPMENT_SECRET, user + index)}` };
      const socket = new WebSocket(subject.url, { perMessageDeflate: false, headers });
      await once(socket, "message");
      return socket;
    }),
  );
}
