import { pino, type Logger } from "pino";

/** JSON lines on stderr: stdout belongs to scripts. Message texts, tokens and passwords are never logged. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: { app: "hotshard" }, serializers: { err: describeFault } },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** Nothing else of an error: a driver hangs the statement with its values on it, and those are message texts. */
function describeFault(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack } = error;
  return { type: name, code: (error as NodeJS.ErrnoException).code, message, stack };
}
