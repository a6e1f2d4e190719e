import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { pinoLoki, type LokiOptions } from "pino-loki";
import type { PushReply } from "./push-thread.ts";

/** Where the lines go, and the labels that all of them carry; `level` is added per line. */
export interface LokiTarget extends Pick<LokiOptions, "host" | "basicAuth" | "timeout"> {
  readonly labels: Readonly<Record<"app" | "env" | "instance", string>>;
}

/** Labels make streams, `msg` is in the line, and the rest is searchable as structured metadata. */
const NOT_METADATA = new Set(["level", "time", "app", "msg"]);

const target = workerData as LokiTarget;
let reply: PushReply = { status: null, reason: "nothing was pushed" };

// pino-loki tells nobody whether Loki took a batch; its one call of `fetch` in this thread does.
const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  try {
    const response = await plainFetch(input, init);
    const reason = response.ok ? "" : (await response.clone().text()).slice(0, 200);
    reply = { status: response.status, reason };
    return response;
  } catch (error) {
    const { message, cause } = error as Error;
    reply = { status: null, reason: cause instanceof Error ? `${message}: ${cause.message}` : message };
    throw error;
  }
};

function wrap(line: string): string {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const meta = Object.entries(fields).filter(([key, value]) => typeof value !== "object" && !NOT_METADATA.has(key));
  const { level, time } = fields;
  return `${JSON.stringify({ level, time, line: line.trimEnd(), meta: Object.fromEntries(meta) })}\n`;
}

/** One transport per batch: its end is the only moment at which pino-loki says that a push is over. */
async function push(lines: readonly string[]): Promise<PushReply> {
  reply = { status: null, reason: "nothing was pushed" };
  const sink = pinoLoki({
    ...target,
    labels: { ...target.labels },
    silenceErrors: true,
    batching: { interval: 3_600, maxBufferSize: 0 },
    logFormat: (log) => log["line"] as string,
  });
  const closed = once(sink, "close");
  sink.resume();
  for (const line of lines) sink.write(wrap(line));
  sink.end();
  await closed;
  return reply;
}

parentPort?.on("message", (lines: readonly string[]) => {
  void push(lines)
    .catch((error: unknown): PushReply => ({ status: null, reason: String(error) }))
    .then((answer) => parentPort?.postMessage(answer));
});
