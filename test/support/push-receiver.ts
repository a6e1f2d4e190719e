import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** An HTTP server that others push to. */
export interface PushReceiver {
  readonly url: string;
  /** Resolves once the condition holds after a push. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** @param answer to a request whose body is there; until it has ended nothing that waits looks again */
export async function startPushReceiver(
  answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void | Promise<void>,
): Promise<PushReceiver> {
  let checks: (() => void)[] = [];
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whoever goes away in the middle of a push has pushed nothing.
    const body = await buffer(request).catch(() => null);
    if (body === null) return;
    await answer(request, body, response);
    for (const check of checks) check();
  }
  const server = createServer((request, response) => void receive(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    until(condition) {
      return new Promise((resolve) => {
        const check = () => {
          if (!condition()) return;
          checks = checks.filter((other) => other !== check);
          resolve();
        };
        checks.push(check);
        check();
      });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
