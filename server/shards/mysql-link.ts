import { connect as netConnect } from "node:net";
import type { Socket } from "node:net";
import { createConnection } from "mysql2";
import type { Connection, ConnectionOptions, QueryError, ResultSetHeader, RowDataPacket, SslOptions } from "mysql2";
import { ConfigError } from "../config-error.ts";
import { StoreError, type OnWait } from "./contract.ts";
import { databaseError } from "./mysql-errors.ts";
import { placeOf, type MysqlSpec } from "./url.ts";

/** A bigint where the text protocol must have a number without quotes, as in LIMIT. */
export type MysqlValue = string | number | bigint | null;

/** Statements to a database. */
export interface MysqlCommands {
  /** Runs a statement of the text protocol. @throws {StoreError} */
  query<T extends Reply>(sql: string, values: readonly MysqlValue[], timeoutMs?: number): Promise<T>;
}

/** One connection to a database that opens when it is needed and again after it was lost. */
export interface MysqlLink extends MysqlCommands {
  /**
   * Runs a prepared statement, prepared once for each connection; by the text protocol while the server's
   * `max_prepared_stmt_count` is reached. @throws {StoreError}
   */
  execute<T extends Reply>(sql: string, values: readonly MysqlValue[], timeoutMs?: number): Promise<T>;
  isOpen(): boolean;
  /** Drops the connection; calls under way reject. */
  drop(reason: string): void;
}

export interface LinkOptions {
  /** Runs on every new connection, before anything else but `setup`. When it rejects, the connection is not used. */
  readonly onConnect?: (connection: MysqlCommands) => Promise<void>;
  /**
   * Called when a command goes out: it waited for the connection to open, or for the commands before it. The driver's
   * own diagnostics channel of waits is that of its pools, and this is none.
   */
  readonly onWait?: OnWait | undefined;
  /** Of the driver. */
  readonly overrides?: ConnectionOptions;
}

type Reply = ResultSetHeader | RowDataPacket[];

const CONNECT_MS = 5_000;
/** ER_MAX_PREPARED_STMT_COUNT_REACHED: other connections hold all that the server may keep. */
const NO_STATEMENT_LEFT = 1461;
/** So long after that a statement is not prepared again: asking costs a round trip each time. */
const UNPREPARED_MS = 10_000;
/** Errors whose text quotes a value of the statement, or a piece of it. */
const QUOTES_VALUES = new Set([
  "ER_DUP_ENTRY",
  "ER_PARSE_ERROR",
  "ER_TRUNCATED_WRONG_VALUE",
  "ER_TRUNCATED_WRONG_VALUE_FOR_FIELD",
  "ER_INVALID_CHARACTER_STRING",
  "ER_CANNOT_CONVERT_STRING",
]);

type Send<T> = (connection: Connection, done: (error: QueryError | null, result: T) => void) => void;

interface Live {
  readonly connection: Connection;
  readonly socket: Socket;
  readonly ready: Promise<void>;
  readonly waiting: Set<(error: Error) => void>;
  /** When each command that it was given was asked for, ms; the first one is under way. */
  readonly line: number[];
  open: boolean;
}

/** @param setup a statement that every connection begins with */
export function mysqlLink(spec: MysqlSpec, setup: string, options: LinkOptions = {}): MysqlLink {
  const { onConnect, onWait = () => {}, overrides = {} } = options;
  const where = placeOf(spec);
  const ssl = sslOf(spec);
  let live: Live | null = null;
  /** Statements that the server could not keep, and until when they go as text. */
  const unprepared = new Map<string, number>();

  /** Nobody but the configuration may show the password, whatever the driver quotes; and no error a message's text. */
  function storeError(error: QueryError, maybeStored: boolean): StoreError {
    const said = QUOTES_VALUES.has(error.code ?? "") ? error.message.replaceAll(/'.*'/gsu, "'…'") : error.message;
    const shown = spec.password === "" ? said : said.replaceAll(spec.password, "***");
    return new StoreError(`${where}: ${error.code ?? "error"}: ${shown}`, maybeStored, error);
  }

  function lose(lost: Live, error: Error): void {
    if (live === lost) live = null;
    lost.connection.destroy();
    // mysql2 only says goodbye, and a server that hangs would keep the socket.
    lost.socket.destroy();
    for (const reject of lost.waiting) reject(error);
    lost.waiting.clear();
    lost.open = false;
  }

  function connect(): Live {
    const socket =
      spec.socket === undefined
        ? netConnect({ host: spec.host, port: spec.port, noDelay: true, keepAlive: true })
        : netConnect({ path: spec.socket });
    const connection = createConnection({
      stream: () => socket,
      // For the name in its certificate; the socket is connected already.
      host: spec.host,
      ...(ssl !== undefined && { ssl }),
      user: spec.user,
      password: spec.password,
      database: spec.database,
      charset: "utf8mb4",
      connectTimeout: CONNECT_MS,
      supportBigNumbers: true,
      bigNumberStrings: true,
      // affectedRows must count what changed: that is how duplicates are noticed.
      flags: ["-FOUND_ROWS"],
      ...overrides,
    });
    const waiting = new Set<(error: Error) => void>();
    const ready = new Promise<void>((resolve, reject) => {
      // Lost before it was ready.
      waiting.add(reject);
      const begin = async (): Promise<void> => {
        await run(made, (of, done) => of.query(setup, done as never), undefined);
        await onConnect?.({
          query: (sql, values, timeoutMs) =>
            run(made, (of, done) => of.query(sql, [...values], done as never), timeoutMs),
        });
        waiting.delete(reject);
        made.open = true;
      };
      // Only when `made` is there.
      queueMicrotask(() => void begin().then(resolve, reject));
    });
    const made: Live = { connection, socket, ready, waiting, line: [], open: false };
    ready.catch(() => lose(made, new Error("not connected")));
    connection.on("error", (error: QueryError) => lose(made, error));
    return made;
  }

  /** @throws {StoreError} */
  function run<T>(used: Live, send: Send<T>, timeoutMs: number | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = (error: Error): void => {
        clearTimeout(timer);
        reject(storeError(error as QueryError, true));
      };
      used.waiting.add(end);
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => lose(used, new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      send(used.connection, (error, result) => {
        used.waiting.delete(end);
        clearTimeout(timer);
        if (error === null) return resolve(result);
        // A statement that the server refused was rolled back by it; after a lost connection nobody knows.
        const refused = error.errno !== undefined && error.sqlState !== undefined && !error.fatal;
        reject(storeError(error, !refused));
        if (!refused) lose(used, error);
      });
    });
  }

  /** Nothing of what was to be done on a connection that could not be used was stored. */
  function unusable(error: unknown): Error {
    if (error instanceof ConfigError) return error;
    if (error instanceof StoreError) return new StoreError(error.message, false, error.cause);
    return storeError(error as QueryError, false);
  }

  async function command<T>(send: Send<T>, timeoutMs: number | undefined): Promise<T> {
    const since = performance.now();
    const used = (live ??= connect());
    try {
      await used.ready;
    } catch (error) {
      throw unusable(error);
    }
    if (used.line.push(since) === 1) onWait((performance.now() - since) / 1_000);
    const next = (): void => {
      used.line.shift();
      if (used.line.length > 0) onWait((performance.now() - used.line[0]!) / 1_000);
    };
    return run<T>(
      used,
      (connection, done) =>
        send(connection, (error, result) => {
          next();
          done(error, result);
        }),
      timeoutMs,
    );
  }

  function query<T>(sql: string, values: readonly MysqlValue[], timeoutMs?: number): Promise<T> {
    return command((connection, done) => connection.query(sql, [...values], done as never), timeoutMs);
  }

  return {
    async execute(sql, values, timeoutMs) {
      if (unprepared.size > 0 && performance.now() < (unprepared.get(sql) ?? 0)) return query(sql, values, timeoutMs);
      try {
        return await command((connection, done) => connection.execute(sql, [...values], done as never), timeoutMs);
      } catch (error) {
        if (databaseError(error).errno !== NO_STATEMENT_LEFT) throw error;
        unprepared.set(sql, performance.now() + UNPREPARED_MS);
        return query(sql, values, timeoutMs);
      }
    },
    query,
    isOpen: () => live?.open ?? false,
    drop: (reason) => {
      if (live !== null) lose(live, new Error(reason));
    },
  };
}

/** One object for all connections: the driver keeps what it read of the certificates by it. */
function sslOf({ tls }: MysqlSpec): SslOptions | undefined {
  if (tls === undefined) return undefined;
  const ca = tls.ca === null ? {} : { ca: tls.ca };
  return { rejectUnauthorized: tls.verify, verifyIdentity: tls.verify, ...ca };
}
