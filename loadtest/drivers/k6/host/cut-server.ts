import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Every VU asks once a second, and all are to end at one moment. */
const NOTICE_MS = 1_500;

/**
 * Tells each VU that asks, on loopback, when the schedule ends before its time: epoch milliseconds; nothing: it does
 * not.
 */
export interface CutServer {
  readonly url: string;
  close(): void;
}

export async function startCutServer(cut: AbortSignal): Promise<CutServer> {
  let at = "";
  const decide = () => void (at = String(Date.now() + NOTICE_MS));
  if (cut.aborted) decide();
  cut.addEventListener("abort", decide, { once: true });
  const server = createServer((_, response) => response.end(at));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      cut.removeEventListener("abort", decide);
      server.close();
      server.closeAllConnections();
    },
  };
}
