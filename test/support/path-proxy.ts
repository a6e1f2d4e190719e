import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy that gives a server a path of its own, as `location /team/ { proxy_pass …/; }` does. */
export interface PathProxy {
  /** `ws://127.0.0.1:PORT/team/chat` */
  readonly chat: string;
  /** Every path that was asked for, without its query. */
  readonly asked: Set<string>;
  close(): void;
}

/** @param target `http://127.0.0.1:PORT`; @param prefix `/team`: it is cut off, and what does not start with it is not found */
export async function startPathProxy(target: string, prefix: string): Promise<PathProxy> {
  const { hostname, port } = new URL(target);
  const asked = new Set<string>();
  const sockets = new Set<Socket>();
  const behind = ({ url = "" }: IncomingMessage): string | null => {
    asked.add(url.replace(/\?.*$/u, ""));
    return url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : null;
  };
  const server = createServer((incoming, outgoing) => {
    const path = behind(incoming);
    if (path === null) {
      outgoing.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const onward = request({ hostname, port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const path = behind(incoming);
    if (path === null) {
      socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      return;
    }
    const onward = connect(Number(port), hostname);
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => {}).on("close", () => (socket.destroy(), onward.destroy()));
    }
    const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
    onward.write(`GET ${path} HTTP/1.1\r\n${headers.join("")}\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    chat: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}/chat`,
    asked,
    close() {
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    },
  };
}
