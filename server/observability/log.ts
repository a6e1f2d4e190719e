import { pino, type Logger } from "pino";
import { createLineWriter, type LineWriter } from "./line-writer.ts";
import type { LokiTarget } from "./loki-worker.ts";
import { createPushLink, type PushCounts, type PushLink } from "./push-link.ts";

export interface LogOptions {
  /** Least level that is logged. */
  readonly log: string;
  /** Label of every line in Loki. */
  readonly env: string;
  /** Lines go there too; with user and password where it needs them. */
  readonly lokiUrl?: string | undefined;
}

/** The log of a process. */
export interface Log {
  readonly logger: Logger;
  /** Begins to push to Loki. @param instance `host:port`, as Prometheus names this server */
  start(instance: string): void;
  /** Begins to write. @param first the first line of stdout, at every level: scripts read it */
  begin(first: object): void;
  /** Lines for Loki by their end; both 0 without Loki. */
  lines(): PushCounts;
  /** Lines that stdout did not take. */
  lost(): number;
  /** Writes out what waits; the last words of the process, and what became of the lines, are on stdout. */
  close(): Promise<void>;
}

const APP = "hotshard";
/** Longest that a stop waits for stdout, ms. */
const FLUSH_MS = 500;
/** Longest that a stop waits for Loki, ms. */
const PATIENCE_MS = 5_000;
/** Longest wait for Loki's answer to one push, ms. */
const PUSH_TIMEOUT_MS = 5_000;

/**
 * JSON lines on stdout, after the one that scripts read; to Loki too where it is configured.
 * Message texts, tokens and passwords are never logged.
 */
export function createLog({ log: level, env, lokiUrl }: LogOptions): Log {
  const stdout = createLineWriter(1);
  const link = lokiUrl === undefined ? null : createPushLink<LokiTarget>("loki-worker", sayState);
  const sink = link === null ? stdout : both(stdout, link);
  let seq = 0;
  const logger = pino(
    {
      level,
      base: { app: APP },
      serializers: { err: describeFault },
      // Loki merges equal lines of one moment: numbered, none is equal.
      ...(link !== null && { mixin: () => ({ seq: ++seq }) }),
    },
    sink,
  );

  function sayState(state: "failing" | "taking", reason: string): void {
    if (state === "failing") logger.warn({ reason }, "Loki does not take log lines: they wait, and are all here");
    else logger.info("Loki takes log lines again");
  }

  return {
    logger,
    start: (instance) => lokiUrl !== undefined && link?.start(targetOf(lokiUrl, { app: APP, env, instance })),
    begin: (first) => stdout.begin(`${JSON.stringify(first)}\n`),
    lines: () => link?.counts() ?? { accepted: 0, dropped: 0 },
    lost: () => stdout.lost(),
    async close() {
      if (link !== null) {
        await link.close(PATIENCE_MS);
        const last = {
          level: 30,
          time: Date.now(),
          app: APP,
          ...link.counts(),
          msg: "what became of the lines for Loki",
        };
        if (logger.isLevelEnabled("info")) stdout.write(`${JSON.stringify(last)}\n`);
      }
      await stdout.flush(FLUSH_MS);
    },
  };
}

function both(stdout: LineWriter, link: PushLink<LokiTarget>): { write(line: string): void } {
  return {
    write(line) {
      stdout.write(line);
      link.write(line);
    },
  };
}

function targetOf(url: string, labels: LokiTarget["labels"]): LokiTarget {
  const { origin, username, password } = new URL(url);
  const basicAuth = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { host: origin, labels, timeout: PUSH_TIMEOUT_MS, ...(username !== "" && { basicAuth }) };
}

/** Nothing else of an error: a driver hangs the statement with its values on it, and those are message texts. */
function describeFault(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack } = error;
  return { type: name, code: (error as NodeJS.ErrnoException).code, message, stack };
}
