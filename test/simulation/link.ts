import { ConfigError } from "../../server/config-error.ts";
import { StoreError } from "../../server/shards/contract.ts";
import type { Database } from "./database.ts";
import type { DatabaseHost } from "./database-host.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";

type Work<T> = (database: Database) => T;

/** One connection of a process to a database: it opens when it is needed, and again after it was lost. */
export interface Link {
  /** @throws {StoreError} */
  command<T>(work: Work<T>, timeoutMs?: number): Promise<T>;
  drop(reason: string): void;
}

interface Live {
  /** Start of the database in which it was made; null before it has arrived there. */
  start: number | null;
  ready: Promise<void>;
  readonly waiting: Set<(error: Error) => void>;
  isLost: boolean;
  /** When the last command arrives there, and its answer here: a connection keeps their order. */
  thereAt: number;
  hereAt: number;
}

export interface LinkParts {
  readonly name: string;
  readonly life: Life;
  readonly host: DatabaseHost;
  readonly network: Network;
  readonly trace: (text: () => string) => void;
  /** Judges a new connection. */
  readonly judge: (request: <T>(work: Work<T>) => Promise<T>) => Promise<void>;
}

const ANSWER_MS = 10_000;
/** A request that is so late is no usual one. */
const LATE_MS = 15;

/** What is under way when a connection is lost may still arrive: the database does not know that nobody waits. */
export function createLink({ host, judge, life, name, network, trace }: LinkParts): Link {
  const { clock } = life;
  let live: Live | null = null;

  function lose(lost: Live, reason: string): void {
    if (live === lost) live = null;
    if (lost.isLost) return;
    lost.isLost = true;
    host.trouble();
    for (const reject of lost.waiting) reject(new StoreError(`${host.name}: ${reason}`, true));
    lost.waiting.clear();
  }

  function connect(): Live {
    const made: Live = {
      start: null,
      ready: Promise.resolve(),
      waiting: new Set(),
      isLost: false,
      thereAt: 0,
      hereAt: 0,
    };
    const stop = host.onEnd(() => {
      stop();
      clock.after(network.delay(), () => lose(made, "the database has ended"));
    });
    made.ready = new Promise((resolve, reject) => {
      made.waiting.add(reject);
      judge((work) => request(made, work, ANSWER_MS)).then(() => {
        made.waiting.delete(reject);
        resolve();
      }, reject);
    });
    made.ready.catch(() => lose(made, "not connected"));
    return made;
  }

  function request<T>(used: Live, work: Work<T>, timeoutMs: number | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel =
        timeoutMs === undefined
          ? () => {}
          : clock.after(timeoutMs, () => lose(used, `no answer within ${timeoutMs} ms`));
      const end = (run: () => void): void => {
        cancel();
        used.waiting.delete(fail);
        run();
      };
      const fail = (error: Error): void => end(() => reject(error));
      const sentAt = clock.now();
      if (used.isLost) return fail(new StoreError(`${host.name}: the connection is lost`, false));
      used.waiting.add(fail);
      const answer = (run: () => void): void => {
        used.hereAt = Math.max(used.hereAt, clock.now() + network.delay());
        network.send(host.name, name, used.hereAt - clock.now(), () => life.enter(() => !used.isLost && end(run)));
      };
      const fate = network.fate();
      const gone = (): void => void clock.after(network.delay(), () => lose(used, "the connection was lost"));
      if (fate === "lost") return gone();
      used.thereAt = Math.max(used.thereAt, clock.now() + network.delay());
      network.send(name, host.name, used.thereAt - clock.now(), () =>
        host.enter(() => {
          if (clock.now() - sentAt > LATE_MS) host.trouble();
          used.start ??= host.isUp() ? host.start() : -1;
          if (used.start !== host.start()) return gone();
          let done: () => void;
          try {
            const value = work(host.database);
            trace(() => `${name} on ${host.name}: ${whatOf(work)} ${textOf(value)}`);
            done = () => resolve(value);
          } catch (error) {
            done = () => reject(error);
          }
          if (fate === "unanswered") gone();
          else answer(done);
        }),
      );
    });
  }

  return {
    async command(work, timeoutMs) {
      const used = (live ??= connect());
      try {
        await used.ready;
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        throw new StoreError((error as Error).message, false, error);
      }
      return request(used, work, timeoutMs);
    },
    drop(reason) {
      if (live !== null) lose(live, reason);
    },
  };
}

/** Of a call like `(database) => database.seal(epoch, closedBelow)`. */
function whatOf(work: Work<unknown>): string {
  return String(work).replace(/^.*database\./su, "");
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (part instanceof Map) return [...part];
    return typeof part === "bigint" ? String(part) : part;
  });
}
