import { ConfigError } from "../config-error.ts";
import { StoreError } from "./contract.ts";
import type { Durability, FenceRow, OnConnect, ShardMark, StoreSession } from "./contract.ts";
import { NOT_OPEN } from "./sqlite-reply.ts";
import type { SqliteThread } from "./sqlite-thread.ts";
import type { SqliteOpened, SqliteRequest } from "./sqlite-worker.ts";

/**
 * The one connection that writes, and that owns the file. Each time it is made, `onConnect` sees it before anybody
 * else.
 */
export interface SqliteConnection {
  open(onConnect: OnConnect): Promise<Durability>;
  /**
   * Makes it if it is not there.
   *
   * @param work takes the cluster that the file belonged to when `onConnect` was done with it
   */
  use<T>(work: (cluster: string | null) => Promise<T>): Promise<T>;
  write<T>(request: SqliteRequest): Promise<T>;
  /** Gives up what is under way; later calls do not wait for it. */
  abandon(): void;
  /** Takes nothing more until it is opened again: a late call would start a thread that nobody ends. */
  refuse(): void;
  close(): Promise<void>;
}

interface Connected {
  readonly durability: Durability;
  readonly cluster: string | null;
}

interface Connecting {
  readonly done: Promise<Connected>;
  readonly giveUp: (error: Error) => void;
}

/** @param writes the thread; nobody else uses it */
export function createSqliteConnection(file: string, writes: SqliteThread<SqliteRequest>): SqliteConnection {
  let onConnect: OnConnect | null = null;
  let connected: Connected | null = null;
  let connecting: Connecting | null = null;
  /** A thread that is given up still holds the file. */
  let leaving: Promise<unknown> = Promise.resolve();

  function storeError(text: string, cause?: unknown): StoreError {
    return new StoreError(`sqlite:${file}: ${text}`, false, cause);
  }

  function start(judge: OnConnect): Promise<Connected> {
    const { promise, resolve, reject } = Promise.withResolvers<Connected>();
    const own: Connecting = { done: promise, giveUp: reject };
    connecting = own;
    /** A connection that was given up says nothing any more: it could start a thread. */
    const call = async <T>(request: SqliteRequest): Promise<T> => {
      if (connecting !== own) throw storeError("this connection is gone");
      return writes.call<T>(request);
    };
    const end = (made: Connected | null): void => {
      if (connecting !== own) return;
      connecting = null;
      connected = made;
    };
    connect(call, judge).then(
      (made) => {
        end(made);
        resolve(made);
      },
      (error: unknown) => {
        end(null);
        reject(unusable(error));
      },
    );
    return promise;
  }

  async function connect(call: <T>(request: SqliteRequest) => Promise<T>, judge: OnConnect): Promise<Connected> {
    await leaving;
    const { mark, durability } = await call<SqliteOpened>(["open"]);
    let { cluster } = mark;
    const session: StoreSession = {
      mark,
      async claim(name) {
        const now = await call<ShardMark>(["claim", name]);
        ({ cluster } = now);
        return now;
      },
      holdsRows: () => call<boolean>(["holdsRows"]),
      seal: (epoch, closedBelow) => call(["seal", epoch, String(closedBelow)]),
      admit: ({ node, incarnation, epoch }, from) => call(["admit", node, incarnation, epoch, String(from)]),
      fences: () => call<FenceRow[]>(["fences"]),
    };
    await judge(session);
    return { durability, cluster };
  }

  /** Nothing of what was to be done on a connection that could not be used was stored. */
  function unusable(error: unknown): Error {
    if (error instanceof ConfigError) return error;
    if (error instanceof StoreError) return new StoreError(error.message, false, error.cause);
    return storeError(error instanceof Error ? error.message : String(error), error);
  }

  /** `work` begins within this call when the connection is there: it may be given up at any later moment. */
  function use<T>(work: (cluster: string | null) => Promise<T>): Promise<T> {
    if (connected !== null && writes.isRunning()) return work(connected.cluster);
    return connectAnd(work);
  }

  async function connectAnd<T>(work: (cluster: string | null) => Promise<T>): Promise<T> {
    if (onConnect === null) throw storeError("it is closed");
    connected = null;
    const made = await (connecting?.done ?? start(onConnect));
    if (!isCurrent(made)) throw storeError("this connection is gone");
    return work(made.cluster);
  }

  function isCurrent(made: Connected): boolean {
    return connected === made;
  }

  function giveUp(reason: string): void {
    connected = null;
    const given = connecting;
    connecting = null;
    given?.giveUp(storeError(reason));
  }

  return {
    async open(judge) {
      giveUp("it is opened anew");
      onConnect = judge;
      return (await start(judge)).durability;
    },
    use,
    write<T>(request: SqliteRequest): Promise<T> {
      return use(async () => {
        try {
          return await writes.call<T>(request);
        } catch (error) {
          if (isLost(error)) connected = null;
          throw error;
        }
      });
    },
    abandon() {
      giveUp("given up after it hung");
      leaving = Promise.all([leaving, writes.end("given up after it hung")]);
    },
    refuse() {
      giveUp("it is closed");
      onConnect = null;
    },
    async close() {
      if (writes.isRunning()) await writes.call(["close"]).catch(() => undefined);
      await writes.end("closed");
    },
  };
}

/** The thread has closed the file then, as it does when it cannot trust it. */
function isLost(error: unknown): boolean {
  if (!(error instanceof StoreError)) return false;
  return error.maybeStored || (error.cause as { code?: string } | undefined)?.code === NOT_OPEN;
}
