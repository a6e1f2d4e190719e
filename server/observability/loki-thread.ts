import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { LokiTarget, PushReply } from "./loki-worker.ts";

/** Pushes one batch of lines at a time, in a thread of its own: the chat's event loop encodes nothing for Loki. */
export interface LokiThread {
  /** Never rejects: a thread that dies is an unanswered push, and the next push starts another. */
  push(lines: readonly string[]): Promise<PushReply>;
  stop(): Promise<void>;
}

/** The thread, and pino-loki with it, is loaded by the first push. */
export function createLokiThread(target: LokiTarget): LokiThread {
  let worker: Worker | null = null;
  let settle: ((reply: PushReply) => void) | null = null;

  function answer(reply: PushReply): void {
    settle?.(reply);
    settle = null;
  }

  function start(): Worker {
    // The compiled package has `.js` beside `.js`.
    const made = new Worker(new URL(`./loki-worker${extname(import.meta.url)}`, import.meta.url), {
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
    // Logs keep no process alive; who stops it waits for it.
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
