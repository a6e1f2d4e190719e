import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Plug } from "./plug.ts";

/** A proxy that can be cut, and where it listens on loopback. */
export interface CutProxy extends Plug {
  readonly port: number;
}

/**
 * A TCP proxy in front of a database. While it is cut, connections are reset and new ones get the same, as from a
 * machine that has gone from the network.
 */
export async function startCutProxy(target: NetConnectOpts): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((inner) => {
    keep(inner);
    if (isCut) {
      inner.resetAndDestroy();
      return;
    }
    const outer = connect(target);
    keep(outer);
    inner.setNoDelay(true);
    outer.setNoDelay(true);
    inner.pipe(outer);
    outer.pipe(inner);
    inner.on("close", () => outer.destroy());
    outer.on("close", () => inner.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const drop = (): void => sockets.forEach((socket) => void socket.resetAndDestroy());
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async pull() {
      isCut = true;
      drop();
    },
    async putIn() {
      isCut = false;
    },
    async end() {
      server.close();
      // What the server still says to its database when it stops has had its time.
      await setTimeout(0);
      drop();
    },
  };
}
