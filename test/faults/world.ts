import { setTimeout as delay } from "node:timers/promises";
import type { ChangeRequest, MoveStatus } from "../../server/protocol/shards.ts";
import type { ShardsReply } from "../../server/protocol/http.ts";
import { startMariadbs, type Mariadb } from "../support/mariadb.ts";
import { startServer, temporaryFolder, unusedPort, type TestServer } from "../support/server.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { tokenOf } from "../support/token.ts";

/** A database behind a network. */
export interface Place {
  readonly database: Mariadb;
  readonly proxy: TcpProxy;
  readonly url: string;
}

/** Servers on one topology over real databases, and what can go wrong with each of them. */
export interface World {
  readonly places: readonly Place[];
  readonly servers: readonly Seat[];
  chats(): readonly string[];
  /** Asks the servers in turn until one answers. */
  change(change: ChangeRequest): Promise<string>;
  rebalance(): Promise<string>;
  moves(): Promise<MoveStatus>;
  status(): Promise<ShardsReply>;
  get(path: string): Promise<string>;
  close(): Promise<void>;
}

/** A server that can be killed and started again on its port. */
export interface Seat {
  readonly chat: string;
  readonly url: string;
  isDown(): boolean;
  pid(): number;
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

const ASKED_MS = 5_000;
const MOST_ROUNDS = 100;

/**
 * @param databases of which all but the last are shards from the start; SQLite shards and one server when 0
 * @param nodes servers that share one folder
 */
export async function createWorld(databases: number, nodes: number): Promise<World> {
  const data = temporaryFolder();
  const started = databases === 0 ? [] : (await startMariadbs(databases, ["--max-connections=200"]))!;
  const places = await Promise.all(started.map(placeOf));
  const shards =
    databases === 0
      ? "4"
      : places
          .slice(0, -1)
          .map(({ url }) => url)
          .join(",");
  const args = ["--failover", "auto", "--dead-ms", "1500", "--well-ms", "1000", "--shards", shards, "--hot", "off"];
  const servers = await Promise.all(Array.from({ length: nodes }, () => createSeat(data, args)));

  /** A server may be down, stand still or start, and the next one may do so too. */
  async function ask(method: string, path: string, body?: object): Promise<string> {
    for (let tries = 0; ; tries++) {
      for (const seat of servers.filter((one) => !one.isDown())) {
        try {
          return await askOne(seat, method, path, body);
        } catch (error) {
          if (tries >= MOST_ROUNDS) throw error;
        }
      }
      await delay(250);
    }
  }

  return {
    places,
    servers,
    chats: () => servers.filter((seat) => !seat.isDown()).map(({ chat }) => chat),
    change: (change) => ask("POST", "/v1/shards/changes", { change }),
    rebalance: () => ask("POST", "/v1/shards/rebalance", {}),
    status: async () => JSON.parse(await ask("GET", "/v1/shards")) as ShardsReply,
    moves: async () => JSON.parse(await ask("GET", "/v1/shards/rebalance")) as MoveStatus,
    get: (path) => ask("GET", path),
    async close() {
      await Promise.all(servers.map((seat) => seat.kill9()));
      await Promise.all(places.flatMap(({ database, proxy }) => [database.stop(), proxy.close()]));
    },
  };
}

async function placeOf(database: Mariadb): Promise<Place> {
  const proxy = await startTcpProxy(database.port);
  const url = new URL(database.url("chat"));
  url.port = String(proxy.port);
  return { database, proxy, url: url.href };
}

async function createSeat(data: string, args: readonly string[]): Promise<Seat> {
  const port = await unusedPort();
  const start = (): Promise<TestServer> => startServer({ data, args: ["--port", String(port), ...args] });
  let server: TestServer | null = await start();
  const { chat, url } = server;
  return {
    chat,
    url,
    isDown: () => server === null,
    pid: () => server!.pid,
    async kill9() {
      const killed = server;
      server = null;
      await killed?.kill9();
    },
    async restart() {
      for (let tries = 0; server === null; tries++) {
        try {
          server = await start();
        } catch (error) {
          if (tries === 20) throw error;
          await delay(250);
        }
      }
    },
  };
}

async function askOne({ url }: Seat, method: string, path: string, body?: object): Promise<string> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf(1, "admin")}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ASKED_MS),
  });
  return response.text();
}
