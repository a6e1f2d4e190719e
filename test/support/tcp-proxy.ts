import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A network between a server and a database that a test can make worse. */
export interface TcpProxy {
  readonly port: number;
  /** Bytes are kept back until `restore`: nobody hears of it, as where a cable is pulled. */
  stall(): void;
  /** Connections are reset, and new ones too. */
  cut(): void;
  /** Every byte arrives so many milliseconds later. */
  delay(ms: number): void;
  restore(): void;
  close(): Promise<void>;
}

/** @param target port on 127.0.0.1 */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let state: "open" | "stalled" | "cut" = "open";
  let delayMs = 0;
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];

  function pass(to: Socket, bytes: Buffer): void {
    const write = (): void => {
      if (state === "stalled") waiting.push(write);
      else if (!to.destroyed) to.write(bytes);
    };
    if (delayMs === 0) write();
    else setTimeout(write, delayMs);
  }

  const server = createServer((near) => {
    if (state === "cut") {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes: Buffer) => pass(to, bytes));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stall: () => void (state = "stalled"),
    cut() {
      state = "cut";
      for (const socket of sockets) socket.resetAndDestroy();
    },
    delay: (ms) => void (delayMs = ms),
    restore() {
      state = "open";
      delayMs = 0;
      for (const write of waiting.splice(0)) write();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
