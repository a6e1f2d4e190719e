import type { Logger } from "pino";
import type { Probe } from "./probe.ts";

/** At `info`, one message of so many is logged. At `debug` all are. */
const SAMPLE = 1_000;

/** What a line says of a message: who and where, never what. */
interface LoggedMessage {
  /** Id of the author's connection. */
  readonly connection: string;
  readonly message: string;
  readonly dialog: string;
  readonly shard: string;
  readonly queueMs: number;
  readonly commitMs: number;
  /** Where the message is traced. */
  readonly trace_id?: string;
  readonly sample: number;
}

/**
 * Logs messages when they are acknowledged. The level of the logger is read once: it does not change while the server
 * runs.
 */
export function createMessageLog(logger: Logger): Partial<Probe> {
  const level = logger.isLevelEnabled("debug") ? "debug" : "info";
  const every = level === "debug" ? 1 : SAMPLE;
  if (!logger.isLevelEnabled("info")) return {};
  let left = every;
  return {
    committed({ connection, row, shard, trace }, { commitMs, queueMs }) {
      if (--left > 0) return;
      left = every;
      const { dialog, id: message } = row!;
      const line: LoggedMessage = {
        connection,
        message,
        dialog,
        shard: shard!.label,
        queueMs,
        commitMs,
        ...(trace && { trace_id: trace.id }),
        sample: every,
      };
      logger[level](line, "message");
    },
  };
}
