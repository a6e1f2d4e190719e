import { pino, type Logger } from "pino";

/** JSON lines on stderr: stdout belongs to scripts. Message texts, tokens and passwords are never logged. */
export function createLogger(level: string): Logger {
  return pino({ level, base: { app: "hotshard" } }, pino.destination({ dest: 2, sync: false }));
}
