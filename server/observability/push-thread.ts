import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** What became of one push: the receiver's HTTP status, or null when there was no answer. */
export interface PushReply {
  readonly status: number | null;
  readonly reason: string;
}

/** Pushes one batch of lines at a time, in a thread of its own: the chat's event loop encodes nothing for it. */
export interface PushThread {
  /** Never rejects: a thread that dies is an unanswered push, and the next push starts another. */
  push(lines: readonly string[]): Promise<PushReply>;
  stop(): Promise<void>;
}

/**
 * The thread, and what it imports, is loaded by the first push.
 *
 * @param name of the file beside this one, without its extension; it answers each message, an array of lines, by a
 *   `PushReply`
 * @param target its `workerData`
 */
export function createPushThread(name: string, target: unknown): PushThread {
  let worker: Worker | null = null;
  let settle: ((reply: PushReply) => void) | null = null;

  function answer(reply: PushReply): void {
    settle?.(reply);
    settle = null;
  }

  function start(): Worker {
    // The compiled package has `.js` beside `.js`.
    const made = new Worker(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url), {
      workerData: target,
      execArgv: [],
    });
    const lose = (reason: string) => {
      if (made !== worker) return;
      worker = null;
      answer({ status: null, reason });
    };
    made.on("message", answer);
    made.on("error", (error: Error) => lose(`the thread failed: ${error.message}`));
    made.on("exit", () => lose("the thread ended"));
    // It keeps no process alive; who stops it waits for it.
    made.unref();
    return made;
  }

  return {
    push(lines) {
      worker ??= start();
      const { promise, resolve } = Promise.withResolvers<PushReply>();
      settle = resolve;
      worker.postMessage(lines);
      return promise;
    },
    async stop() {
      const last = worker;
      worker = null;
      answer({ status: null, reason: "stopped" });
      await last?.terminate();
    },
  };
}
