import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { ConfigError } from "../../server/config-error.ts";
import type { Ports } from "./contract.ts";

/** Ports as a person asked for them: null takes the default, 0 a free one. */
export interface PortWishes {
  readonly server: number | null;
  readonly prometheus: number | null;
  readonly loki: number | null;
  /** The first of the databases; the others follow. Null looks for free ones from 3306 on. */
  readonly mariadb: number | null;
}

const SERVER = 8086;
const PROMETHEUS = 9090;
const LOKI = 3100;
const MARIADB = 3306;
const HIGHEST = 65_535;
const OWN_PORTS = { from: 20_000, to: 32_000 } as const;

/**
 * Ports of 127.0.0.1 on which nothing listens at this moment.
 *
 * @throws {ConfigError} PORT_TAKEN, with every port that was asked for and is taken
 */
export async function choosePorts(wishes: PortWishes, shards: number, withLoki: boolean): Promise<Ports> {
  const taken: string[] = [];
  const used = new Set<number>();

  async function fixed(option: string, port: number): Promise<number> {
    const free = await freePort(port, used);
    if (free === null) taken.push(`${port} (--${option})`);
    return free ?? port;
  }

  const server = await fixed("port", wishes.server ?? SERVER);
  const prometheus = await fixed("prometheus-port", wishes.prometheus ?? PROMETHEUS);
  const loki = withLoki
    ? { http: await fixed("loki-port", wishes.loki ?? LOKI), grpc: (await freePort(0, used))! }
    : null;
  const mariadb: number[] = [];
  let next = wishes.mariadb ?? MARIADB;
  while (mariadb.length < shards) {
    const port = wishes.mariadb === null ? await freePort(next, used) : await fixed("mariadb-port", next);
    if (port !== null) mariadb.push(port);
    if (next !== 0) next += 1;
    if (next > HIGHEST) throw new ConfigError("PORT_TAKEN", `no ${shards} free ports below ${HIGHEST}`);
  }
  if (taken.length > 0) {
    throw new ConfigError("PORT_TAKEN", `taken on 127.0.0.1: ${taken.join(", ")}; choose others, 0 takes a free one`);
  }
  return { server, prometheus, loki, mariadb };
}

/**
 * @param port 0: any below those that the system gives to whoever asks or connects, so that it is free yet when the
 *   program that shall have it comes
 * @returns null when something listens there, or it was given out before
 */
async function freePort(port: number, used: Set<number>): Promise<number | null> {
  const found = port === 0 ? await unusedPort(used) : (await listens(port)) || used.has(port) ? null : port;
  if (found !== null) used.add(found);
  return found;
}

/**
 * A port of 127.0.0.1 on which nothing listens at this moment, and that nobody gets by chance: systems give away those
 * above by themselves, Linux from 32768 on, others from 49152 (RFC 6335).
 *
 * @param but none of these
 */
export async function unusedPort(but: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = randomInt(OWN_PORTS.from, OWN_PORTS.to);
    if (!but.has(port) && !(await listens(port))) return port;
  }
}

/** Whether somebody listens there. */
async function listens(port: number): Promise<boolean> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (isFree) {
    server.close();
    await once(server, "close");
  }
  return !isFree;
}
