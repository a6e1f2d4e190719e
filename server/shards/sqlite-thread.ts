import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ConfigError } from "../config-error.ts";
import { StoreError, type OnWait } from "./contract.ts";
import type { SqliteReply } from "./sqlite-reply.ts";

/** One thread with one connection to a SQLite file; it starts with the first call, and again after it was lost. */
export interface SqliteThread<Request> {
  /** @throws {StoreError} with `maybeStored` when the thread is lost meanwhile */
  call<T>(request: Request): Promise<T>;
  isRunning(): boolean;
  /** Nothing is under way. */
  isIdle(): boolean;
  /** Gives up what is under way. @returns when the thread is gone and holds the file no more */
  end(reason: string): Promise<void>;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** When it was asked, ms. */
  readonly since: number;
}

/**
 * @param code the thread's module in this folder, without its ending
 * @param data what the module finds in `workerData`; `file` is for errors as well
 */
export function createSqliteThread<Request>(
  code: string,
  data: { readonly file: string } & Readonly<Record<string, unknown>>,
  onWait: OnWait | undefined,
): SqliteThread<Request> {
  const pending: Pending[] = [];
  let worker: Worker | null = null;
  /** Ends when those that were given up are gone. */
  let leaving: Promise<unknown> = Promise.resolve();

  function lose(reason: string): void {
    worker = null;
    for (const call of pending.splice(0)) call.reject(new StoreError(`sqlite:${data.file}: ${reason}`, true));
  }

  function start(): Worker {
    // The compiled package has `.js` beside `.js`.
    const made = new Worker(new URL(`./${code}${extname(import.meta.url)}`, import.meta.url), {
      workerData: data,
      // Not the flags of the process: some do not suit a thread. Node 22 still warns of node:sqlite.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    made.on("message", (reply: SqliteReply) => {
      if (made !== worker) return;
      settle(pending.shift()!, reply, data.file);
      const next = pending[0];
      if (next !== undefined) onWait?.((performance.now() - next.since) / 1_000);
    });
    made.on("error", (error: Error) => {
      if (made === worker) lose(`its thread failed: ${error.message}`);
    });
    made.on("exit", () => {
      if (made === worker) lose("its thread ended");
    });
    return made;
  }

  return {
    call<T>(request: Request): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        worker ??= start();
        if (pending.length === 0) onWait?.(0);
        pending.push({ resolve: resolve as (value: unknown) => void, reject, since: performance.now() });
        worker.postMessage(request);
      });
    },
    isRunning: () => worker !== null,
    isIdle: () => pending.length === 0,
    async end(reason) {
      const old = worker;
      lose(reason);
      if (old !== null) leaving = Promise.all([leaving, old.terminate()]);
      await leaving;
    },
  };
}

function settle(call: Pending, reply: SqliteReply, file: string): void {
  if (reply.failed === undefined) return call.resolve(reply.value);
  const { kind, message, maybeStored } = reply.failed;
  const text = `sqlite:${file}: ${message}`;
  call.reject(
    kind === "config" ? new ConfigError(reply.failed.code, text) : new StoreError(text, maybeStored, reply.failed),
  );
}
