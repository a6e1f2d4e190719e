import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { isAbsolute, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { ConfigError } from "../config-error.ts";

/** How a shaped shard is slower than its database, so that a laptop can show a shard that saturates. */
export interface Shape {
  /** A commit lasts at least so many milliseconds, 0 to 60,000. */
  readonly commitMs: number;
  /** Most rows of one commit, 1 to 10,000; null leaves the writer's own limit. */
  readonly maxRows: number | null;
  /** The shard is as good as lost while this file exists; absent: never. Absolute path. */
  readonly lostWhile?: string;
}

export interface SqliteSpec {
  readonly engine: "sqlite";
  /** Absolute path. */
  readonly file: string;
  readonly shaped: Shape | null;
}

/** How a connection to a database is encrypted. */
export interface DatabaseTls {
  /** Whether its certificate is judged: signed by an authority that is trusted, for this host, and not ended. */
  readonly verify: boolean;
  /** Certificates of the authorities that are trusted, PEM; null for those of the system. */
  readonly ca: string | null;
}

export interface MysqlSpec {
  readonly engine: "mysql";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Absent for a connection in clear. */
  readonly tls?: DatabaseTls;
  /** Path of the server's Unix socket; absent for TCP. */
  readonly socket?: string;
  readonly shaped: Shape | null;
}

export type ShardSpec = SqliteSpec | MysqlSpec;

const FORMS = "write sqlite:FILE or mysql://user:password@host:port/database";

/**
 * Reads `sqlite:FILE` (relative to the working directory; taken literally, so a `?` cannot be part of the path) or
 * `mysql://user:password@host:port/database` (percent-encoded, port 3306 when absent), either with
 * `?commitMs=20&maxRows=50`, or `?lostWhile=FILE` (relative as well); MySQL also with `?tls=required` or `?tls=verify&ca=FILE`, or on this machine with
 * `?socket=FILE`.
 *
 * @throws {ConfigError} BAD_SHARD_URL, with everything that is wrong at once and never with a password
 */
export function parseShardUrl(url: string): ShardSpec {
  const faults: string[] = [];
  const spec = parse(url, faults);
  if (spec === null || faults.length > 0) throw badUrl(faults);
  return spec;
}

/**
 * Reads the URLs of all shards.
 *
 * @throws {ConfigError} BAD_SHARD_URL, with the faults of all of them, and when two name the same database
 */
export function parseShardUrls(urls: readonly string[]): ShardSpec[] {
  const faults: string[] = [];
  const specs: ShardSpec[] = [];
  const seen = new Map<string, number>();
  for (const [index, url] of urls.entries()) {
    const own: string[] = [];
    const spec = parse(url, own);
    faults.push(...own.map((fault) => `shard ${index + 1}: ${fault}`));
    if (spec === null) continue;
    const first = seen.get(placeOf(spec));
    if (first === undefined) seen.set(placeOf(spec), index);
    else faults.push(`shard ${index + 1}: the same database as shard ${first + 1}; give each shard its own`);
    specs.push(spec);
  }
  if (faults.length > 0) throw badUrl(faults);
  return specs;
}

/** The shard for logs and reports: where it is and its shape, without user or password. */
export function describeShard(spec: ShardSpec): string {
  if (spec.shaped === null) return placeOf(spec);
  const { commitMs, lostWhile, maxRows } = spec.shaped;
  const more = `${maxRows === null ? "" : ` maxRows=${maxRows}`}${lostWhile === undefined ? "" : ` lostWhile=${lostWhile}`}`;
  return `${placeOf(spec)} (shaped: commitMs=${commitMs}${more})`;
}

/** Which database it is, without user or password. */
export function placeOf(spec: ShardSpec): string {
  if (spec.engine === "sqlite") return `sqlite:${spec.file}`;
  const { database, host, port, socket } = spec;
  return socket === undefined ? `mysql://${host}:${port}/${database}` : `mysql://${host}/${database}?socket=${socket}`;
}

function badUrl(faults: readonly string[]): ConfigError {
  return new ConfigError("BAD_SHARD_URL", faults.join("; "));
}

function parse(url: string, faults: string[]): ShardSpec | null {
  if (url.startsWith("sqlite:")) return parseSqlite(url.slice("sqlite:".length), faults);
  if (url.startsWith("mysql:")) return parseMysql(url, faults);
  // What stands before the colon may be a password when the scheme was forgotten, so nothing of the URL is shown.
  faults.push(`the shard URL has no known scheme; ${FORMS}`);
  return null;
}

function parseSqlite(rest: string, faults: string[]): SqliteSpec | null {
  const query = rest.indexOf("?");
  const path = query === -1 ? rest : rest.slice(0, query);
  const shaped = parseShape(new URLSearchParams(query === -1 ? "" : rest.slice(query)), [], faults);
  if (path === "" || path.endsWith("/")) faults.push(`sqlite:${path} names no file; write sqlite:FILE`);
  else if (path.startsWith(":")) faults.push("a shard in memory would not outlive the server; write sqlite:FILE");
  else if (/^\/\/[^/]/.test(path)) {
    faults.push(`sqlite:${path} has no host part; write sqlite:${path.slice(2)} or sqlite:${path.slice(1)}`);
  } else if (path.includes("\0")) faults.push("the path of a sqlite shard holds a NUL character");
  return faults.length > 0 ? null : { engine: "sqlite", file: resolve(path), shaped };
}

function parseMysql(text: string, faults: string[]): MysqlSpec | null {
  if (!URL.canParse(text)) {
    faults.push(
      "the mysql shard URL cannot be read; write mysql://user:password@host:port/database and encode special characters with %",
    );
    return null;
  }
  const url = new URL(text);
  const user = decoded(url.username, "user", faults);
  const password = decoded(url.password, "password", faults);
  const database = decoded(url.pathname.replace(/^\/+/, ""), "database", faults);
  const where = `mysql://${url.host}${url.pathname}`;
  if (url.hostname === "")
    faults.push("a mysql shard URL without a host; write mysql://user:password@host:port/database");
  if (user === "") faults.push(`${where} names no user; write mysql://user:password@host:port/database`);
  if (!/^[^\s/\\.`]{1,64}$/.test(database)) {
    faults.push(`${where} names no database (1 to 64 characters, no space, dot, slash or backquote)`);
  }
  if (url.hash !== "") faults.push(`${where} has a #; encode it as %23 in a password`);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const shaped = parseShape(url.searchParams, ["tls", "ca", "socket"], faults);
  const tls = parseTls(url.searchParams, host, faults);
  const socket = parseSocket(url.searchParams, faults);
  if (faults.length > 0) return null;
  const port = url.port === "" ? 3306 : Number(url.port);
  return { engine: "mysql", host, port, user, password, database, ...(tls !== null && { tls }), ...socket, shaped };
}

function decoded(text: string, what: string, faults: string[]): string {
  try {
    return decodeURIComponent(text);
  } catch {
    faults.push(`the ${what} of a mysql shard URL has a bad %; write %25 for a percent sign`);
    return "";
  }
}

function parseTls(query: URLSearchParams, host: string, faults: string[]): DatabaseTls | null {
  const mode = query.get("tls");
  const file = query.get("ca");
  if (mode === null && file === null) return null;
  if (mode !== "required" && mode !== "verify") faults.push("tls is required or verify");
  if (file !== null && mode !== "verify") faults.push("ca is for tls=verify");
  // The driver would look for `localhost` in the certificate.
  if (mode === "verify" && isIP(host) > 0) faults.push("tls=verify needs the name of a host, not its address");
  return { verify: mode === "verify", ca: file === null ? null : readAuthorities(file, faults) };
}

function parseSocket(query: URLSearchParams, faults: string[]): { readonly socket?: string } {
  const socket = query.get("socket");
  if (socket === null) return {};
  if (!isAbsolute(socket) || socket.includes("\0"))
    faults.push("socket is the absolute path of the server's Unix socket");
  if (query.has("tls")) faults.push("socket needs no tls: nothing leaves this machine");
  return { socket };
}

function readAuthorities(file: string, faults: string[]): string {
  try {
    const pem = readFileSync(file, "utf8");
    createSecureContext({ ca: pem });
    if (!pem.includes("BEGIN CERTIFICATE")) faults.push(`ca=${file} has no certificate, PEM`);
    return pem;
  } catch (error) {
    faults.push(`ca=${file} cannot be used: ${(error as Error).message}`);
    return "";
  }
}

/** @param others names that the engine takes beside those of the shape */
function parseShape(query: URLSearchParams, others: readonly string[], faults: string[]): Shape | null {
  const names = ["commitMs", "maxRows", "lostWhile", ...others];
  for (const name of query.keys()) {
    if (!names.includes(name)) faults.push(`a shard URL takes ${names.join(", ")}, not "${name}"`);
  }
  if (!["commitMs", "maxRows", "lostWhile"].some((name) => query.has(name))) return null;
  const lostWhile = query.get("lostWhile");
  const commitMs = query.get("commitMs") ?? "0";
  const maxRows = query.get("maxRows");
  if (!/^\d+(\.\d+)?$/.test(commitMs) || Number(commitMs) > 60_000) {
    faults.push("commitMs is milliseconds, 0 to 60000");
  }
  if (maxRows !== null && (!/^\d+$/.test(maxRows) || Number(maxRows) < 1 || Number(maxRows) > 10_000)) {
    faults.push("maxRows is a whole number, 1 to 10000");
  }
  if (lostWhile === "" || lostWhile?.includes("\0") === true) faults.push("lostWhile is the path of a file");
  const lost = lostWhile === null ? {} : { lostWhile: resolve(lostWhile) };
  return { commitMs: Number(commitMs), maxRows: maxRows === null ? null : Number(maxRows), ...lost };
}
