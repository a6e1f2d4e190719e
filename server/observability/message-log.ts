import type { Logger } from "pino";

/** At `info`, one message of so many is logged. At `debug` all are. */
const SAMPLE = 1_000;

/** What a line says of a message: who and where, never what. */
export interface LoggedMessage {
  /** Id of the author's connection. */
  readonly connection: string;
  readonly message: string;
  readonly dialog: string;
  readonly shard: string;
  readonly queueMs: number;
  readonly commitMs: number;
  /** Where the message is traced. */
  readonly trace_id?: string;
}

/** Whether the next message gets a line; asked once per message, it costs a comparison. */
export interface MessageLog {
  isDue(): boolean;
  write(line: LoggedMessage): void;
}

/** The level of the logger is read once: it does not change while the server runs. */
export function createMessageLog(logger: Logger): MessageLog {
  const level = logger.isLevelEnabled("debug") ? "debug" : "info";
  const every = level === "debug" ? 1 : SAMPLE;
  let left = logger.isLevelEnabled("info") ? every : Infinity;
  return {
    isDue() {
      if (--left > 0) return false;
      left = every;
      return true;
    },
    write: (line) => logger[level]({ ...line, sample: every }, "message"),
  };
}
